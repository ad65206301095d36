import Cryptography
import Glibc
import ServerConfiguration

/// The server's one directory: database, keys, control socket. Mode 0700; keys are made at the first start, 0600.
struct StateDirectory {
    struct Failure: Error { let explanation: String }

    let path: String

    /// `isMade: false` is for commands beside a server: what is not there is reported, not made with the wrong owner.
    init(path: String, isMade: Bool = true) throws(Failure) {
        self.path = path
        if isMade, mkdir(path, 0o700) != 0, errno != EEXIST {
            throw Failure(explanation: "the state directory \(path) cannot be made: \(Self.reason())")
        }
        var status = stat()
        errno = 0
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(
                explanation: errno == ENOENT
                    ? "there is no state directory \(path) yet: start the server once"
                    : "the state directory \(path) is not a directory")
        }
        guard !isMade || status.st_uid == geteuid() else {
            throw Failure(
                explanation: "the state directory \(path) belongs to another user: start the server as that one, or "
                    + "give it to this one with `chown`")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Failure(explanation: "others may enter the state directory \(path): run `chmod 700 \(path)`")
        }
    }

    /// Which one a command is about: the one given, or the one that a configuration names, whatever else is wrong with it.
    static func named(_ state: String?, in config: String?) throws -> String {
        if let state { return state }
        guard let config else { return "/var/lib/ztna" }
        if let named = ServerFiles.stateDirectory(namedIn: config, files: .ofSystem()) { return named }
        throw fail(
            "\(config) names no state directory: look at `ztna-server check --config \(config)`, or give --state")
    }

    var databasePath: String { path + "/ztna.db" }
    var socketPath: String { path + "/control.sock" }

    /// The 32 bytes of a key file; made when there is none yet.
    func key(_ name: String, randomness: Randomness) throws(Failure) -> [UInt8] {
        let file = "\(name).key"
        if let existing = try read(file, atMost: 32, isSecret: true) {
            guard existing.count == 32 else {
                throw Failure(explanation: "\(path)/\(file) is not a key of 32 bytes: restore it from its backup")
            }
            return existing
        }
        let bytes = randomness.bytes(32)
        try bytes.withUnsafeBytes { bytes in Result { () throws(Failure) in try write(bytes, to: file) } }.get()
        return bytes
    }

    /// Written whole under another name first: a crash leaves either no file or a good one. Mode 0600.
    func write(_ bytes: UnsafeRawBufferPointer, to name: String) throws(Failure) {
        let file = "\(path)/\(name)"
        let temporary = file + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(explanation: "\(temporary) cannot be made: \(Self.reason())") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes.baseAddress, bytes.count) == bytes.count, fsync(descriptor) == 0,
            rename(temporary, file) == 0
        else { throw Failure(explanation: "\(file) cannot be written: \(Self.reason())") }
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Nil when there is no such file; one byte too many, when there are more than `atMost`.
    func read(_ name: String, atMost limit: Int, isSecret: Bool) throws(Failure) -> [UInt8]? {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(explanation: "\(file) cannot be read: \(Self.reason())")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, !isSecret || status.st_mode & 0o077 == 0 else {
            throw Failure(explanation: "others may read \(file): run `chmod 600 \(file)`, and think about who has")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw Failure(explanation: "\(file) cannot be read: \(Self.reason())") }
        return Array(bytes.prefix(count))
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
