/// A file that holds nothing but a secret. Under the key for its path may stand, by mistake, the secret itself: then no
/// message shows it, nor the beginning of it.
struct SecretFile {
    let path: String
    let bytes: [UInt8]
}

extension Report {
    /// Reads it, and remarks upon it where others can come by it; nil with the reason reported.
    mutating func secretFile(
        named text: String, at position: Position, _ context: FileContext, expected: String, atMost limit: Int
    ) -> SecretFile? {
        let path = context.resolve(text)
        switch context.files.read(path, limit) {
        case .success(let bytes):
            remarkOnSecret(path, at: position, context)
            return SecretFile(path: path, bytes: bytes)
        case .failure(let failure):
            error(
                at: position, "the file \(failure.description(of: path))",
                found: context.isPath(text)
                    ? "\"\(path)\"" : "a name that is not shown here, since it may be the secret itself",
                expected: expected + ", seen from this file's folder")
            return nil
        }
    }
}

extension FileContext {
    /// Whether something is there of that name, or the folder that it names: a secret that begins with a slash, or has one,
    /// finds no such folder. The root and this file's own folder are named by too little to tell.
    fileprivate func isPath(_ text: String) -> Bool {
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return false }
        if files.mode(resolve(text)) != nil { return true }
        guard let slash = text.lastIndex(of: "/") else { return false }
        let folder = text[...slash]
        let names = folder.split(separator: "/").filter { $0 != "." && $0 != ".." }
        return !names.isEmpty && files.mode(resolve(String(folder))) != nil
    }
}
