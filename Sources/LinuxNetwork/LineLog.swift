@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// Reads a pipe all the time and hands it on line by line; keeps the last lines.
///
/// A line is cut after 1,024 bytes. What is not UTF-8 is repaired.
final class LineLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let reader: Reader
    private let source: any DispatchSourceRead
    private let ended = DispatchSemaphore(value: 0)

    /// Takes the descriptor over.
    init(reading descriptor: Int32, deliver: @escaping @Sendable (String) -> Void) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        reader = Reader(descriptor)
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "ztna.log"))
        let ended = ended
        source.setCancelHandler { [reader] in
            reader.close()
            ended.signal()
        }
        source.setEventHandler { [weak self] in
            guard let self else { return }
            let (lines, isOver) = self.reader.read()
            for line in lines {
                self.keep(line)
                deliver(line)
            }
            if isOver { self.source.cancel() }
        }
        source.activate()
    }

    /// The last 20 lines, oldest first.
    var tail: [String] { lines.withLock { $0 } }

    /// Returns when everything written has been delivered, or after a second when another process holds the pipe open.
    func finish() {
        if ended.wait(timeout: .now() + 1) == .success { ended.signal() }
        source.cancel()
    }

    private func keep(_ line: String) {
        lines.withLock { lines in
            lines.append(line)
            if lines.count > 20 { lines.removeFirst() }
        }
    }

    deinit { source.cancel() }
}

/// The pipe and the line that is not complete yet; touched by the source's queue only.
private final class Reader: @unchecked Sendable {
    private let descriptor: Int32
    private var splitter = LineSplitter()

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func read() -> (lines: [String], isOver: Bool) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count > 0 { return (splitter.take(buffer.prefix(count)), false) }
        if count < 0, Errno.last == EAGAIN || Errno.last == EINTR { return ([], false) }
        return (splitter.end(), true)
    }

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
