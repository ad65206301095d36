internal import Glibc

/// What the kernel says about processes that need not be ours. Each answer is of its moment. Source: proc(5).
enum ProcessTable {
    /// The file that a process runs, or would run.
    struct Program: Equatable {
        let device: UInt64
        let file: UInt64

        /// Nil when there is none, or none that we may see.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            file = UInt64(status.st_ino)
        }

        init?(of process: pid_t) { self.init("/proc/\(process)/exe") }
    }

    static var all: [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let process = pid_t(name) { found.append(process) }
        }
        return found
    }

    static func commandLine(of process: pid_t) -> [String] { words("/proc/\(process)/cmdline") }

    static func environment(of process: pid_t) -> [String] { words("/proc/\(process)/environ") }

    /// Whoever reaps it: not who started it, when that is gone.
    static func parent(of process: pid_t) -> pid_t? {
        let lines = String(decoding: content("/proc/\(process)/status"), as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("PPid:") }
        return line.flatMap { pid_t($0.dropFirst(5).filter { !$0.isWhitespace }) }
    }

    static func owner(of process: pid_t) -> uid_t? {
        var status = stat()
        return stat("/proc/\(process)", &status) == 0 ? status.st_uid : nil
    }

    static func networkNamespace(of process: pid_t) -> String? { target(of: "/proc/\(process)/ns/net") }

    /// Of the calling thread.
    static var ownNetworkNamespace: String? { target(of: "/proc/thread-self/ns/net") }

    private static func words(_ path: String) -> [String] {
        content(path).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The first 4,096 bytes.
    private static func content(_ path: String) -> ArraySlice<UInt8> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return buffer.prefix(max(count, 0))
    }

    /// Nil when it is no symbolic link.
    static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { space in
            space.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(link, $0, text.count) } ?? -1
            }
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
