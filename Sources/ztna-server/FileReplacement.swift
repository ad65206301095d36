import Glibc

/// Replaces a file whole, so that whoever reads it sees the old one or the new one; owner and mode stay.
enum FileReplacement {
    struct Failure: Error { let explanation: String }

    /// Follows symbolic links to the file itself.
    static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        guard let resolved = realpath(path, nil) else { throw failure(path) }
        let file = String(cString: resolved)
        free(resolved)
        var status = stat()
        guard stat(file, &status) == 0 else { throw failure(file) }
        let temporary = file + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(temporary) }
        defer { close(descriptor) }
        guard
            fchown(descriptor, status.st_uid, status.st_gid) == 0
                || (status.st_uid == geteuid() && status.st_gid == getegid()),
            fchmod(descriptor, status.st_mode & 0o7777) == 0, writeAll(bytes, to: descriptor), fsync(descriptor) == 0,
            rename(temporary, file) == 0
        else {
            let failure = failure(file)
            unlink(temporary)
            throw failure
        }
        let directory = open(
            String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]) + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func failure(_ path: String) -> Failure {
        Failure(explanation: "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
