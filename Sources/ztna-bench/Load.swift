import Dispatch
import Foundation
import StrictJSON

/// What one run of the load client brought; times are seconds of this process for one request.
struct LoadResult {
    var cpu: Double
    var wall: Double
    /// Answers by their `error` member, or by their status where there is none.
    var answers: [String: Int]
}

/// Runs this program again as a client.
struct Load {
    let port: Int
    let connections: Int

    func send(_ file: String) async throws -> LoadResult {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["load", "--port", "\(port)", "--connections", "\(connections)", file]
        let pipe = Pipe()
        process.standardOutput = pipe
        // Reading blocks a thread of its own, none of the server's.
        var printed: [UInt8] = []
        let spent = try await Spent.on {
            try process.run()
            printed = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: Array(pipe.fileHandleForReading.readDataToEndOfFile()))
                }
            }
            process.waitUntilExit()
        }
        let report = try JSONMembers(parsing: printed)
        let answers = try report.object("answers").members.compactMapValues(\.integerValue)
        let count = Double(max(1, answers.values.reduce(0, +)))
        return LoadResult(
            cpu: spent.cpu / count, wall: try report.integer("nanoseconds").seconds / count, answers: answers)
    }
}

extension Int {
    /// Of nanoseconds.
    fileprivate var seconds: Double { Double(self) / 1e9 }
}

/// Requests as they go over the wire, one after the other: length (four bytes, big-endian), bytes.
struct RequestFile {
    private var bytes: [UInt8] = []

    mutating func append(_ request: String) {
        withUnsafeBytes(of: UInt32(request.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: request.utf8)
    }

    func write(to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    static func hello(count: Int) -> RequestFile {
        var file = RequestFile()
        for _ in 0..<count { file.append("GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ztna-agent\r\n\r\n") }
        return file
    }

    static func read(_ path: String) throws -> [ArraySlice<UInt8>] {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        var requests: [ArraySlice<UInt8>] = []
        var position = 0
        while position + 4 <= bytes.count {
            let count = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            guard position + 4 + count <= bytes.count else { throw BenchError.failed("\(path) is cut off") }
            requests.append(bytes[position + 4..<position + 4 + count])
            position += 4 + count
        }
        return requests
    }
}
