/// The file being read and the system it stands in.
struct FileContext: Sendable {
    let path: String
    let files: Files
    /// Seconds since the epoch.
    let now: Int
    var trials: Trials = .none

    /// Certificates and secrets beyond this are refused.
    static var maximumBytes: Int { 1 << 20 }

    /// The mode of the file itself lets nobody but its owner see it, who is root or the server.
    var isPrivate: Bool { files.mode(path).map { $0 & 0o077 == 0 && !files.isForeign(path) } ?? false }

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
            error(
                at: node.position, "the file \(failure.description(of: path))", found: "\"\(path)\"", expected: expected
            )
            return nil
        }
        return path
    }

    /// Remarks upon a secret in a file of its own that others can come by. A group may read it: that is how a server is
    /// given what another user owns. A right to execute it gives nobody anything.
    mutating func remarkOnSecret(_ path: String, at position: Position, _ context: FileContext) {
        if let mode = context.files.mode(path), mode & 0o026 != 0 {
            let words =
                mode & 0o004 != 0 ? "every user of this machine can read this secret" : "others can change this secret"
            warning(at: position, words, found: "mode 0" + String(mode, radix: 8))
        }
        if context.files.isForeign(path) {
            warning(
                at: position,
                "this secret belongs to another user than root and the server's, who can read and change it")
        }
    }
}
