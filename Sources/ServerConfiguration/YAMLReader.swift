import Yams

/// Reads a text as one YAML document of scalars, lists and mappings with text keys.
///
/// Refused, each with its place: aliases, tags, repeated keys, more than one document, and deep nesting. Aliases are
/// refused before the YAML library sees them, because it copies what they name.
struct YAMLReader {
    /// How deep lists and mappings may nest; our files need six.
    static var maximumDepth: Int { 16 }

    private var report: Report
    private var text: String

    /// The root, as far as the text could be read; nil for an empty text or one that is not YAML.
    static func read(_ report: inout Report) -> YAMLNode? {
        var reader = YAMLReader(report: report, text: report.source.text)
        let root = reader.document()
        report = reader.report
        return root
    }

    private init(report: Report, text: String) {
        self.report = report
        self.text = text
    }

    private mutating func document() -> YAMLNode? {
        let defects = report.source.defects
        for (position, message) in defects { report.error(at: position, message) }
        if let alias = Aliases.first(in: report.source.lines) {
            report.error(at: alias, "aliases are not allowed; write the value again")
            return nil
        }
        guard defects.isEmpty else { return nil }
        // A repeated key stops the library, so it is reported, renamed in our copy, and the copy is read again.
        for _ in 0..<100 {
            do {
                guard let root = try Parser(yaml: text, resolver: .basic).singleRoot() else { return nil }
                return convert(root, depth: 0)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard renameRepetition(of: keys, first: Self.position(context.mark)) else { return nil }
            } catch let error as YamlError {
                syntaxError(error)
                return nil
            } catch {
                report.error(at: Position(line: 1, column: 1), "this is not YAML")
                return nil
            }
        }
        return nil
    }

    private mutating func renameRepetition(of keys: [String], first: Position) -> Bool {
        let lines = SourceText(file: "", text: text).lines
        for key in keys.sorted() {
            guard let place = RepeatedKey.second(key, first: first, in: lines) else { continue }
            let shown = SourceText(file: "", text: key).defects.isEmpty ? key : "…"
            report.error(
                at: place.position, "the key \"\(shown)\" is given twice; it was first on line \(first.line)")
            text = RepeatedKey.replacing(place, in: lines, number: report.count)
            return true
        }
        report.error(at: first, "a key of this mapping is given twice")
        return false
    }

    private mutating func syntaxError(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            if context?.text.contains("alias") == true {
                report.error(at: Self.position(mark), "a text that begins with * must be in quotation marks: \"*\"")
            } else {
                let words = [context?.text, problem].compactMap { $0 }.joined(separator: ": ")
                report.error(at: Self.position(mark), "this is not YAML: \(words)")
            }
        case .composer(_, let problem, let mark, _):
            report.error(
                at: Self.position(mark),
                problem.contains("alias")
                    ? "a text that begins with * must be in quotation marks" : "the file must hold one YAML document")
        default:
            report.error(at: Position(line: 1, column: 1), "this is not YAML")
        }
    }

    private mutating func convert(_ node: Node, depth: Int) -> YAMLNode {
        let position = Self.position(node.mark)
        let unreadable = YAMLNode(content: .unreadable, position: position)
        guard depth < Self.maximumDepth else {
            report.error(at: position, "this is nested too deeply", expected: "at most \(Self.maximumDepth) levels")
            return unreadable
        }
        switch node {
        case .scalar(let scalar):
            guard isAccepted(scalar.tag, at: position) else { return unreadable }
            return YAMLNode(content: .scalar(scalar.string, isPlain: scalar.style == .plain), position: position)
        case .sequence(let sequence):
            guard isAccepted(sequence.tag, at: position) else { return unreadable }
            return YAMLNode(
                content: .list(sequence.map { convert($0, depth: depth + 1) }), position: position)
        case .mapping(let mapping):
            guard isAccepted(mapping.tag, at: position) else { return unreadable }
            var entries: [YAMLNode.Entry] = []
            for (key, value) in mapping {
                let keyPosition = Self.position(key.mark)
                guard case .scalar(let name) = key else {
                    report.error(at: keyPosition, "a key must be a text")
                    continue
                }
                // A repetition that was reported already, under the name that we gave it.
                if RepeatedKey.isReplacement(name.string) { continue }
                entries.append(
                    YAMLNode.Entry(
                        key: name.string, position: keyPosition, value: convert(value, depth: depth + 1)))
            }
            return YAMLNode(content: .mapping(entries), position: position)
        case .alias:
            report.error(at: position, "aliases are not allowed; write the value again")
            return unreadable
        }
    }

    private mutating func isAccepted(_ tag: Tag, at position: Position) -> Bool {
        // The library gives quoted texts the tag of strings; any other was written.
        if ["", "!", "tag:yaml.org,2002:str"].contains(tag.description) { return true }
        report.error(at: position, "YAML tags are not allowed; write the value without one")
        return false
    }

    private static func position(_ mark: Mark?) -> Position {
        Position(line: max(1, mark?.line ?? 1), column: max(1, mark?.column ?? 1))
    }
}
