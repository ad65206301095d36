import Glibc

/// A TCP socket of the calling thread's network namespace, with a deadline on everything; closed at its end.
struct TCPSocket: ~Copyable {
    enum Outcome: Hashable, Sendable {
        case done(Int)
        case wouldBlock
        /// The other side has closed.
        case ended
        case failed(Int32)
    }

    private let descriptor: Int32

    /// Errors: `DemoFailure`.
    private init(_ descriptor: Int32) throws {
        guard descriptor >= 0 else { throw DemoFailure("no socket: \(SystemError.last)") }
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private init() throws {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try self.init(socket(AF_INET, flags, 0))
    }

    /// Listens; port 0 takes a free one.
    static func listening(at address: String, port: UInt16) throws -> TCPSocket {
        let listener = try TCPSocket()
        let status = try withAddress(address, port) { bind(listener.descriptor, $0, $1) }
        guard status == 0, listen(listener.descriptor, 16) == 0 else {
            throw DemoFailure("nothing can listen at \(address) port \(port): \(SystemError.last)")
        }
        return listener
    }

    /// Nil when nobody came within `milliseconds`.
    func accepted(within milliseconds: Int32) throws -> TCPSocket? {
        guard wait(for: Int16(POLLIN), milliseconds) else { return nil }
        let new = accept(descriptor, nil, nil)
        guard new >= 0 else { return nil }
        _ = fcntl(new, F_SETFD, FD_CLOEXEC)
        _ = fcntl(new, F_SETFL, O_NONBLOCK)
        return try TCPSocket(new)
    }

    /// Errors: `ConnectFailure`, ETIMEDOUT also when the time was over.
    static func connecting(to address: String, port: UInt16, within milliseconds: Int32) throws -> TCPSocket {
        let socket = try TCPSocket()
        let status = try withAddress(address, port) { connect(socket.descriptor, $0, $1) }
        if status == 0 { return socket }
        guard errno == EINPROGRESS else { throw ConnectFailure(number: errno) }
        guard socket.wait(for: Int16(POLLOUT), milliseconds) else { throw ConnectFailure(number: ETIMEDOUT) }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
        guard failure == 0 else { throw ConnectFailure(number: failure) }
        return socket
    }

    func wait(for events: Int16, _ milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&descriptor, 1, milliseconds) > 0
    }

    func send(_ bytes: ArraySlice<UInt8>) -> Outcome {
        Self.outcome(
            bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }

    func receive(into buffer: inout [UInt8]) -> Outcome {
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count == 0 ? .ended : Self.outcome(count)
    }

    var localPort: UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : 0
    }

    deinit { close(descriptor) }

    private static func outcome(_ count: Int) -> Outcome {
        if count >= 0 { return .done(count) }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
    }

    private static func withAddress(
        _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard inet_pton(AF_INET, text, &address.sin_addr) == 1 else {
            throw DemoFailure("\(text) is no IPv4 address")
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Why there is no connection, as the system's error number.
struct ConnectFailure: Error, CustomStringConvertible {
    let number: Int32

    var description: String { String(cString: strerror(number)) }
}

/// A port of 127.0.0.1 that was free a moment ago.
enum FreePort {
    static func find() throws -> UInt16 { try TCPSocket.listening(at: "127.0.0.1", port: 0).localPort }
}
