import ArgumentParser
import Glibc
import StrictJSON

/// Sends prepared requests over keep-alive connections, one at a time on each, and counts the answers.
struct LoadClient: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", shouldDisplay: false)

    @Option var port: Int
    @Option var connections: Int
    @Argument var file: String

    func run() throws {
        let requests = try RequestFile.read(file)
        var next = 0
        var answers: [String: Int] = [:]
        let start = Clocks.wall
        var lanes = try (0..<max(1, min(connections, requests.count))).map { _ in
            try Connection(port: UInt16(truncatingIfNeeded: port))
        }
        for lane in lanes.indices {
            try lanes[lane].send(requests[next])
            next += 1
        }
        var open = lanes.count
        while open > 0 {
            var waiting = lanes.map { pollfd(fd: $0.isIdle ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0) }
            guard poll(&waiting, nfds_t(waiting.count), 10_000) > 0 else {
                throw BenchError.failed("no answer for 10 s")
            }
            for lane in lanes.indices where waiting[lane].revents != 0 {
                guard let answer = try lanes[lane].receive() else { continue }
                answers[answer, default: 0] += 1
                if next < requests.count {
                    try lanes[lane].send(requests[next])
                    next += 1
                } else {
                    lanes[lane].isIdle = true
                    open -= 1
                }
            }
        }
        let report: JSON = [
            "answers": .object(answers.mapValues { .integer($0) }),
            "nanoseconds": .integer(Int((Clocks.wall - start) * 1e9)),
        ]
        print(report.encodedText())
    }
}

/// One connection and the answer that is arriving on it.
private struct Connection {
    let descriptor: Int32
    var isIdle = false
    private var received: [UInt8] = []

    init(port: UInt16) throws {
        guard let descriptor = Loopback.connected(to: port) else { throw BenchError.failed("no connection") }
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A request is far smaller than the socket's buffer, which is empty.
    func send(_ request: ArraySlice<UInt8>) throws {
        let sent = request.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard sent == request.count else { throw BenchError.failed("the request was not sent") }
    }

    /// The answer's name, once it is here whole.
    mutating func receive() throws -> String? {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { throw BenchError.failed("the server closed the connection") }
        received.append(contentsOf: buffer.prefix(count))
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
        let head = String(decoding: received[..<end], as: UTF8.self)
        let lengths = head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-length:") }
        guard let length = lengths.first.flatMap({ Int($0.dropFirst(15).drop { $0 == " " }) }) else {
            throw BenchError.failed("an answer without length: \(head)")
        }
        guard received.count >= end + length else { return nil }
        let body = received[end..<end + length]
        received.removeFirst(end + length)
        let name = (try? JSONMembers(parsing: body))?.members["error"]?.stringValue
        return name ?? String(head.split(separator: " ").dropFirst().first ?? "?")
    }
}
