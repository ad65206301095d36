import ServerConfiguration
import Testing

@Suite struct `The examples of Docs/Policy.md` {
    private static var examples: [String] {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        guard case .success(let bytes) = Files.ofSystem().read("\(root)/Docs/Policy.md", 1 << 20) else { return [] }
        var examples: [String] = []
        var current: [Substring]?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text == "```yaml" {
                current = []
            } else if text == "```" {
                if let lines = current { examples.append(lines.joined(separator: "\n") + "\n") }
                current = nil
            } else {
                current?.append(line)
            }
        }
        return examples
    }

    @Test func `are there`() { #expect(Self.examples.count > 8) }

    /// A section alone belongs into a file that has rules.
    @Test(arguments: examples) func `are good, and nothing is remarked upon`(_ example: String) throws {
        let lines = example.split(separator: "\n")
        let indent = lines.first.map { $0.prefix { $0 == " " }.count } ?? 0
        var text = lines.map { $0.dropFirst(indent) }.joined(separator: "\n") + "\n"
        if !lines.contains(where: { $0.dropFirst(indent) == "rules:" }) { text += "rules: []\n" }
        // Saturday, 2026-11-21 13:30:40 UTC.
        let result = PolicyFile.read(Array(text.utf8), name: "example", files: .ofSystem(), now: 1_795_267_840)
        #expect(result.printed == "")
        #expect(try result.get().warnings.isEmpty)
    }
}
