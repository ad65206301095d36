/// The file being read and the system it stands in.
struct FileContext: Sendable {
    let path: String
    let files: Files
    /// Seconds since the epoch.
    let now: Int

    /// Certificates and secrets beyond this are refused.
    static var maximumBytes: Int { 1 << 20 }

    /// The mode of the file itself lets nobody but its owner see it.
    var isPrivate: Bool { files.mode(path).map { $0 & 0o077 == 0 } ?? false }

    /// A path in the file, as the system understands it.
    func resolve(_ text: String) -> String { Files.resolve(text, besides: path) }
}

extension Report {
    /// The resolved path of a file that exists and may be read.
    mutating func readableFile(
        _ node: YAMLNode, _ context: FileContext, expected: String, atMost limit: Int = FileContext.maximumBytes
    ) -> String? {
        guard let text = text(node, expected: expected) else { return nil }
        let path = context.resolve(text)
        if case .failure(let failure) = context.files.read(path, limit) {
            error(at: node.position, "the file \(failure.description)", found: "\"\(path)\"", expected: expected)
            return nil
        }
        return path
    }
}
