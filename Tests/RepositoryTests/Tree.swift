import Foundation

/// The repository as it lies on the disk, without what git ignores at the top.
enum Tree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func lines(_ path: String) throws -> [Substring] {
        try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// Paths of the files below `folder`, relative to the root, in order.
    static func files(_ folder: String, suffix: String = "") -> [String] {
        let base = root.appending(path: folder)
        let found = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return found.filter { path in
            var isFolder: ObjCBool = false
            return path.hasSuffix(suffix) && !path.contains("__pycache__")
                && FileManager.default.fileExists(atPath: base.appending(path: path).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.map { "\(folder)/\($0)" }.sorted()
    }

    static let swiftSources = files("Sources", suffix: ".swift")
    static let swiftTests = files("Tests", suffix: ".swift")

    /// Everything that people read or run, less what is recorded.
    static let texts =
        ["Package.swift", "README.md", ".gitignore", ".swift-format"] + files(".ci") + files("Docs")
        + files("IdPFixtures")
        + files("Sources") + files("Tests")
}

/// What `Package.swift` says of one target.
struct ManifestTarget: Hashable {
    enum Kind: String { case module, program, tests }

    let kind: Kind
    let name: String
    /// Targets of ours.
    let uses: Set<String>
    /// Whether it takes products of other packages.
    let takesProducts: Bool

    /// Read from the manifest's text, in which `vocabulary` stands for the lowest ring.
    static func all() throws -> [ManifestTarget] {
        let manifest = try Tree.text("Package.swift")
        let vocabulary = names(manifest.firstMatch(of: /let vocabulary = \[([^\]]*)\]/)?.output.1 ?? "")
        return manifest.matches(of: /\n        (module|program|tests)\(\s*"([^"]*)"((?:[^()]|\([^()]*\))*)\),?(?=\n)/)
            .compactMap {
                match in
                guard let kind = Kind(rawValue: String(match.output.1)) else { return nil }
                let name = String(match.output.2)
                let rest = match.output.3
                let used =
                    rest.firstMatch(of: /uses: (.*?)(?:, products|, fixtures|$)/.dotMatchesNewlines())?.output.1 ?? ""
                let excluded = Set(names(used.firstMatch(of: /filter \{([^}]*)\}/)?.output.1 ?? ""))
                var uses = Set(names(used)).subtracting(excluded)
                if used.contains("vocabulary") { uses.formUnion(Set(vocabulary).subtracting(excluded)) }
                return ManifestTarget(
                    kind: kind, name: name, uses: uses.subtracting([name]), takesProducts: rest.contains("products:"))
            }
    }

    private static func names(_ text: Substring) -> [String] {
        text.matches(of: /"([^"]*)"/).map { String($0.output.1) }
    }
}
