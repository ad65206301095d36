#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What reading a configuration needs of the system; tests bring their own.
package struct Files: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        case notFound, notPermitted, notAFile, tooLarge, unreadable
    }

    /// A whole regular file of at most so many bytes.
    package let read: @Sendable (_ path: String, _ maximumBytes: Int) -> Result<[UInt8], Failure>
    /// The permission bits (`0o640`); nil when there is no such file.
    package let mode: @Sendable (_ path: String) -> UInt32?
    /// Whether the file belongs to a user who is neither root nor the one that this program acts for.
    package let isForeign: @Sendable (_ path: String) -> Bool
    package let environment: @Sendable (_ name: String) -> String?

    package init(
        read: @escaping @Sendable (_ path: String, _ maximumBytes: Int) -> Result<[UInt8], Failure>,
        mode: @escaping @Sendable (_ path: String) -> UInt32?,
        isForeign: @escaping @Sendable (_ path: String) -> Bool = { _ in false },
        environment: @escaping @Sendable (_ name: String) -> String?
    ) {
        self.read = read
        self.mode = mode
        self.isForeign = isForeign
        self.environment = environment
    }

    /// The system's own files and environment.
    package static func ofSystem() -> Files {
        Files(
            read: SystemFile.read, mode: SystemFile.mode, isForeign: SystemFile.isForeign,
            environment: SystemFile.environment)
    }

    /// `path` as seen from the folder of `file`; an absolute path is itself.
    package static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }
}

extension Files.Failure {
    /// The end of "the file …".
    package var description: String {
        switch self {
        case .notFound: "does not exist"
        case .notPermitted: "may not be read by this user"
        case .notAFile: "is not a regular file"
        case .tooLarge: "is too large"
        case .unreadable: "cannot be read"
        }
    }

    /// The same, with what an administrator may not think of. Source: systemd.exec(5), `LoadCredential=`.
    package func description(of path: String) -> String {
        let isCredential = path.hasPrefix("/run/credentials/")
        return description + (self == .notFound && isCredential ? ": systemd puts it there while its unit runs" : "")
    }
}

private enum SystemFile {
    @Sendable static func read(_ path: String, maximumBytes: Int) -> Result<[UInt8], Files.Failure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return .failure(failure(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(.unreadable) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.notAFile) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(.unreadable) }
            if count == 0 { return .success(bytes) }
            bytes.append(contentsOf: chunk.prefix(count))
            guard bytes.count <= maximumBytes else { return .failure(.tooLarge) }
        }
    }

    @Sendable static func mode(_ path: String) -> UInt32? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return UInt32(status.st_mode & 0o7777)
    }

    @Sendable static func isForeign(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_uid != 0 && status.st_uid != geteuid()
    }

    @Sendable static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func failure(_ code: Int32) -> Files.Failure {
        switch code {
        case ENOENT, ENOTDIR: .notFound
        case EACCES, EPERM: .notPermitted
        default: .unreadable
        }
    }
}

/// The C function, which the method of the same name would hide.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
