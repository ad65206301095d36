internal import Glibc

/// The agent's directory: 0700, its user's alone, held by one agent at a time; each file is whole or absent.
///
/// A file is written beside its place, synchronised, and renamed over it, so that a crash leaves the old or the new one.
package final class StateDirectory: Sendable {
    package static let maximumBytes = 1 << 20

    package let path: String
    private let lock: Int32

    /// Makes the directory where it is missing. Errors: `wrongKind`, `tooOpen`, `inUse`, `system`.
    package init(_ path: String) throws(StateError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(call: "mkdir", path: path, errno: errno) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system(call: "lstat", path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .wrongKind(path: path) }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path) }
        let lockPath = "\(path)/lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open", path: lockPath, errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .inUse(path: path)
        }
        lock = descriptor
    }

    deinit { close(lock) }

    package func location(of name: String) -> String { "\(path)/\(name)" }

    /// Nil when there is no such file. Errors: `wrongKind`, `tooOpen`, `tooLarge`, `system`.
    package func read(_ name: String) throws(StateError) -> [UInt8]? {
        let path = location(of: name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw .wrongKind(path: path) }
            throw .system(call: "open", path: path, errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(call: "fstat", path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .wrongKind(path: path) }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else { throw .tooOpen(path: path) }
        guard status.st_size <= Self.maximumBytes else { throw .tooLarge(path: path) }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(call: "read", path: path, errno: errno) }
            if count == 0 { break }
            filled += count
        }
        content.removeLast(content.count - filled)
        return content
    }

    /// Errors: `system`; then the old content stands.
    package func write(_ bytes: [UInt8], to name: String) throws(StateError) {
        let path = location(of: name)
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open", path: temporary, errno: errno) }
        do throws(StateError) {
            defer { close(descriptor) }
            try Self.writeAll(bytes, to: descriptor, path: temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw .system(call: "rename", path: path, errno: errno) }
        try synchronise()
    }

    /// A file that is not there is no error.
    package func remove(_ name: String) throws(StateError) {
        let path = location(of: name)
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(call: "unlink", path: path, errno: errno) }
        try synchronise()
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(StateError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(call: "write", path: path, errno: errno) }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw .system(call: "fsync", path: path, errno: errno) }
    }

    private func synchronise() throws(StateError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(call: "fsync", path: path, errno: errno) }
    }
}
