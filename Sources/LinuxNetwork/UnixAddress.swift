internal import Glibc

/// A Unix socket's path, as the kernel takes it. Source: unix(7).
struct UnixAddress {
    private var address = sockaddr_un()

    /// Errors: `ENAMETOOLONG`.
    init(_ path: String, for call: String) throws(LinuxNetworkError) {
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw .system(call: call, errno: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    func connect(_ socket: Int32) throws(LinuxNetworkError) {
        guard with({ Glibc.connect(socket, $0, $1) }) == 0 else { throw .system(call: "connect", errno: Errno.last) }
    }

    func bind(_ socket: Int32) throws(LinuxNetworkError) {
        guard with({ Glibc.bind(socket, $0, $1) }) == 0 else { throw .system(call: "bind", errno: Errno.last) }
    }

    private func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Who is at the other end of a connected socket, as the kernel saw it. Source: unix(7), SO_PEERCRED.
    static func peer(of socket: Int32) -> (process: pid_t, user: uid_t)? {
        // struct ucred, which glibc shows to GNU programs only: process, user, group.
        var credentials: (pid_t, uid_t, gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return (credentials.0, credentials.1)
    }
}
