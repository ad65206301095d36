internal import CLinux
internal import Glibc

/// The socket between an agent and its tunnel's guard, beside the engine's own.
enum GuardSocket {
    enum Received {
        case reading(ClockReading)
        case nothing
        case ended
    }

    private static let type =
        Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    private static let size = 3 * MemoryLayout<Int64>.size

    static func path(of interface: InterfaceName) -> String { "/var/run/wireguard/\(interface).guard" }

    static func remove(of interface: InterfaceName) { unlink(path(of: interface)) }

    /// In place of what another guard of that interface has left.
    static func listen(on interface: InterfaceName) throws(LinuxNetworkError) -> FileDescriptor {
        let socket = try FileDescriptor(Glibc.socket(AF_UNIX, type, 0), from: "socket")
        remove(of: interface)
        try UnixAddress(path(of: interface), for: "bind").bind(socket.number)
        guard chmod(path(of: interface), 0o600) == 0, Glibc.listen(socket.number, 4) == 0 else {
            throw .system(call: "listen", errno: Errno.last)
        }
        return socket
    }

    static func connect(to interface: InterfaceName) throws(LinuxNetworkError) -> FileDescriptor {
        let socket = try FileDescriptor(Glibc.socket(AF_UNIX, type, 0), from: "socket")
        try UnixAddress(path(of: interface), for: "connect").connect(socket.number)
        guard UnixAddress.peer(of: socket.number)?.user == geteuid() else {
            throw .system(call: "connect", errno: EPERM)
        }
        return socket
    }

    /// Nil when nobody of our own user has connected.
    static func accept(from listener: Int32) -> Int32? {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return nil }
        guard fcntl(socket, F_SETFL, O_NONBLOCK) == 0, fcntl(socket, F_SETFD, FD_CLOEXEC) == 0,
            UnixAddress.peer(of: socket)?.user == geteuid()
        else {
            close(socket)
            return nil
        }
        return socket
    }

    static func send(_ reading: ClockReading, to socket: Int32) -> Bool {
        let bytes = [reading.realTime, reading.monotonic, reading.bootTime].flatMap { value in
            withUnsafeBytes(of: Int64(value)) { Array($0) }
        }
        return bytes.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == size
    }

    /// Whoever sends something else is no agent.
    static func receive(from socket: Int32) -> Received {
        var buffer = [UInt8](repeating: 0, count: size + 1)
        let count = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        if count < 0, Errno.last == EAGAIN || Errno.last == EINTR { return .nothing }
        guard count == size, let real = buffer[...].hostInteger(at: 0, as: Int64.self),
            let monotonic = buffer[...].hostInteger(at: 8, as: Int64.self),
            let boot = buffer[...].hostInteger(at: 16, as: Int64.self)
        else { return .ended }
        return .reading(ClockReading(realTime: Int(real), monotonic: Int(monotonic), bootTime: Int(boot)))
    }
}
