internal import Glibc

/// Who is at the other end, as the kernel saw it when the connection was made. Source: unix(7), SO_PEERCRED.
package struct PeerCredentials: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32
    package let pid: Int32

    package init(uid: UInt32, gid: UInt32, pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
    }
}

/// The few system calls on Unix stream sockets; every descriptor is non-blocking and closed on exec.
enum UnixSocket {
    static let openFlags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    static func open() throws(LocalSocketError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | openFlags, 0)
        guard descriptor >= 0 else { throw .system("no socket: \(reason(errno))") }
        return descriptor
    }

    /// Errors: `notRunning`, `notPermitted`, `busy`, `system`.
    static func connect(to path: String) throws(LocalSocketError) -> Int32 {
        let descriptor = try open()
        guard let result = withAddress(path, { Glibc.connect(descriptor, $0, $1) }) else {
            close(descriptor)
            throw .notRunning
        }
        if result == 0 { return descriptor }
        let error = errno
        close(descriptor)
        switch error {
        case ENOENT, ENOTDIR, ECONNREFUSED: throw .notRunning
        case EACCES, EPERM: throw .notPermitted
        case EAGAIN: throw .busy
        default: throw .system("\(path): \(reason(error))")
        }
    }

    static func bind(_ descriptor: Int32, to path: String) throws(LocalSocketError) {
        guard let result = withAddress(path, { Glibc.bind(descriptor, $0, $1) }) else {
            throw .system("\(path): longer than the 107 bytes of a socket's path")
        }
        guard result == 0 else { throw .system("\(path): \(reason(errno))") }
    }

    static func peer(of descriptor: Int32) -> PeerCredentials? {
        var credentials = UserCredentials(pid: 0, uid: 0, gid: 0)
        var size = socklen_t(MemoryLayout<UserCredentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0,
            size == socklen_t(MemoryLayout<UserCredentials>.size)
        else { return nil }
        return PeerCredentials(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid)
    }

    /// For a descriptor from `accept`; a child that is started in between must close what it does not know.
    static func setFlags(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    static func reason(_ error: Int32) -> String { String(cString: strerror(error)) }

    /// Nil where the path does not fit.
    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard !bytes.isEmpty, bytes.count < room.count, !bytes.contains(0) else { return false }
            room.copyBytes(from: bytes)
            return true
        }
        guard fits else { return nil }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// `struct ucred` of the kernel, which the C library shows to GNU sources only.
private struct UserCredentials {
    var pid: Int32
    var uid: UInt32
    var gid: UInt32
}
