internal import Glibc

/// The right to listen on one path: a lock file beside it, held until `release`, and the socket bound there.
///
/// The lock decides between two servers that start at the same moment; a crash releases it.
struct SocketPath: Sendable {
    static let backlog: Int32 = 64

    /// Listening, and the caller's to close.
    let descriptor: Int32
    private let path: String
    private let lock: Int32

    /// Makes missing folders (0755) and replaces a socket on which nobody answers; anything else there is left alone.
    /// Errors: `alreadyRunning`, `system`.
    init(listeningAt path: String, mode: UInt32) throws(LocalSocketError) {
        try Self.makeFolder(of: path)
        let lock = try Self.takeLock(path + ".lock")
        do throws(LocalSocketError) {
            try Self.removeStale(path)
            descriptor = try Self.listen(at: path, mode: mode)
        } catch {
            unlink(path + ".lock")
            close(lock)
            throw error
        }
        self.path = path
        self.lock = lock
    }

    /// Removes socket and lock; the descriptor stays the caller's.
    func release() {
        unlink(path)
        unlink(path + ".lock")
        close(lock)
    }

    private static func makeFolder(of path: String) throws(LocalSocketError) {
        var prefix = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            prefix += prefix.isEmpty && part.isEmpty ? "/" : part + "/"
            if mkdir(prefix, 0o755) == 0 {
                // Whatever the umask: those who may connect must be able to reach the socket.
                chmod(prefix, 0o755)
            } else if errno != EEXIST {
                // A folder that may not be made may still be there (EACCES, EROFS): binding will tell.
                guard errno == EACCES || errno == EROFS else { throw .system("\(prefix): \(UnixSocket.reason(errno))") }
            }
        }
    }

    private static func takeLock(_ path: String) throws(LocalSocketError) -> Int32 {
        for _ in 0..<16 {
            let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard lock >= 0 else { throw .system("\(path): \(UnixSocket.reason(errno))") }
            guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
                close(lock)
                throw .alreadyRunning
            }
            // The one who held it before may have removed the file in between: then the lock means nothing.
            var held = stat()
            var named = stat()
            if fstat(lock, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino { return lock }
            close(lock)
        }
        throw .alreadyRunning
    }

    private static func removeStale(_ path: String) throws(LocalSocketError) {
        var found = stat()
        guard lstat(path, &found) == 0 else { return }
        guard found.st_mode & S_IFMT == S_IFSOCK else { throw .system("\(path) exists and is not a socket") }
        do throws(LocalSocketError) {
            close(try UnixSocket.connect(to: path))
            throw .alreadyRunning
        } catch {
            guard error == .notRunning else { throw error == .busy ? .alreadyRunning : error }
        }
        guard unlink(path) == 0 else { throw .system("\(path): \(UnixSocket.reason(errno))") }
    }

    private static func listen(at path: String, mode: UInt32) throws(LocalSocketError) -> Int32 {
        let descriptor = try UnixSocket.open()
        do throws(LocalSocketError) {
            // unix(7): on Linux the socket's mode before binding is the file's, so it is never wider than meant.
            fchmod(descriptor, mode)
            try UnixSocket.bind(descriptor, to: path)
            guard chmod(path, mode) == 0, Glibc.listen(descriptor, backlog) == 0 else {
                throw .system("\(path): \(UnixSocket.reason(errno))")
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
