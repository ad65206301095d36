import Glibc

enum Directory {
    static func entries(of path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// With all that is in it; links are not followed.
    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for entry in entries(of: path) { remove(path + "/" + entry) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

enum File {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// At most 64 MiB; empty when there is no such file.
    static func read(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while content.count < 64 << 20 {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            content += buffer.prefix(count)
        }
        return content
    }

    static func text(_ path: String) -> String { String(decoding: read(path), as: UTF8.self) }

    /// Mode 0600; an older file of that name is replaced in one step.
    static func write(_ text: String, to path: String) throws {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DemoFailure("\(temporary) cannot be written: \(SystemError.last)") }
        let bytes = Array(text.utf8)
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        guard count == bytes.count, rename(temporary, path) == 0 else {
            throw DemoFailure("\(path) cannot be written: \(SystemError.last)")
        }
    }
}
