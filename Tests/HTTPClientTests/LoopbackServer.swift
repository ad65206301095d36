import Glibc
import Synchronization

/// A TCP server on 127.0.0.1 that does with each connection exactly what a test says, each on a thread of its own.
final class LoopbackServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let accepted = Atomic(0)

    var url: String { "http://127.0.0.1:\(port)/" }
    var connections: Int { accepted.load(ordering: .relaxed) }

    init(_ behaviour: @escaping @Sendable (Connection) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(listener, plain, size) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, plain, &size) == 0
            }
        }
        guard isListening else { throw NoLoopback() }
        port = UInt16(bigEndian: address.sin_port)
        startThread { [weak self] in
            // Closed where it is accepted on, and nowhere else: a number closed elsewhere may by now be another server's
            // listener, whose connections this thread would take.
            defer { close(listener) }
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                self?.accepted.add(1, ordering: .relaxed)
                startThread {
                    let connection = Connection(descriptor: descriptor)
                    behaviour(connection)
                    close(descriptor)
                }
            }
        }
    }

    /// Wakes the accepting thread, and lets it accept no more.
    deinit { Glibc.shutdown(listener, Int32(SHUT_RDWR)) }

    struct NoLoopback: Error {}

    struct Connection: Sendable {
        let descriptor: Int32

        /// The request up to its empty line, and as much of the body as `Content-Length` says.
        func readRequest() -> String {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8), recv(descriptor, &byte, 1, 0) == 1 {
                bytes.append(byte)
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
            let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
            for _ in 0..<length where recv(descriptor, &byte, 1, 0) == 1 { bytes.append(byte) }
            return String(decoding: bytes, as: UTF8.self)
        }

        @discardableResult
        func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        @discardableResult
        func write(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// Writes until the other side takes nothing more for a while, or all; what was taken.
        func writeUntilHeldBack(_ bytes: [UInt8]) -> Int {
            var rest = bytes[...]
            while !rest.isEmpty {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&ready, 1, 300) == 1 else { break }
                let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            return bytes.count - rest.count
        }

        /// Returns when the client has gone.
        func waitForClose() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }

        /// Ends the connection by RST instead of FIN.
        func reset() {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let body = Unmanaged.passRetained(ThreadBody(run))
    pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, body.toOpaque())
    pthread_detach(thread)
}

/// Told by one side, awaited by the other: values in order.
struct Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Value.self) }

    func tell(_ value: Value) { continuation.yield(value) }

    func next() async -> Value? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }
}
