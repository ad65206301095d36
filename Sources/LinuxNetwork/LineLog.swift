@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// Reads the messages of one program all the time and hands them on line by line; keeps the last lines.
///
/// A line is cut after 1,024 bytes. What is not UTF-8 is repaired.
final class LineLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let reader: Reader
    private let source: any DispatchSourceRead
    private let queue = DispatchQueue(label: "ztna.log")
    private let deliver: @Sendable (String) -> Void

    /// Takes the descriptor over, a datagram socket.
    init(reading descriptor: Int32, deliver: @escaping @Sendable (String) -> Void) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        reader = Reader(descriptor)
        self.deliver = deliver
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setCancelHandler { [reader] in reader.close() }
        source.setEventHandler { [weak self] in self?.take() }
        source.activate()
    }

    /// The last 20 lines, oldest first.
    var tail: [String] { lines.withLock { $0 } }

    /// To be called when the program has ended: returns when everything that it wrote has been delivered.
    func finish() {
        queue.sync {
            while take() {}
            keep(reader.end())
        }
        source.cancel()
    }

    /// One message; false when there is none.
    @discardableResult
    private func take() -> Bool {
        guard let more = reader.read() else { return false }
        keep(more)
        return true
    }

    private func keep(_ more: [String]) {
        for line in more {
            lines.withLock { lines in
                lines.append(line)
                if lines.count > 20 { lines.removeFirst() }
            }
            deliver(line)
        }
    }

    deinit { source.cancel() }
}

/// The socket and the line that is not complete yet; touched by the source's queue only.
private final class Reader: @unchecked Sendable {
    private let descriptor: Int32
    private var splitter = LineSplitter()

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The lines that one message completes; nil when there is no message.
    func read() -> [String]? {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : splitter.take(buffer.prefix(count))
    }

    /// The line that was never completed.
    func end() -> [String] { splitter.end() }

    func close() { Glibc.close(descriptor) }
}

/// Cuts bytes into lines of at most 1,024 bytes, without their ends.
struct LineSplitter {
    static let longest = 1024
    private var partial: [UInt8] = []

    mutating func take(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines += end()
            } else {
                partial.append(byte)
                if partial.count == Self.longest { lines += end() }
            }
        }
        return lines
    }

    mutating func end() -> [String] {
        defer { partial = [] }
        return partial.isEmpty ? [] : [String(decoding: partial, as: UTF8.self)]
    }
}
