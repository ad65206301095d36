internal import CivilTime

/// One mapping of the file being read: knows its keys, and reads each as a type or reports what is wrong.
struct Section: Sendable {
    /// How messages name it: `server`, `identity_providers[0]`.
    let name: String
    let position: Position
    private let entries: [String: YAMLNode.Entry]

    /// Reports every key that is not one of `keys`. Nil, reported, when the node is no mapping.
    ///
    /// `elsewhere` are keys that have a meaning, though not in this section, with the sentence that says so.
    init?(
        _ node: YAMLNode, name: String, keys: [String], elsewhere: [String: String] = [:], _ report: inout Report
    ) {
        if node.isUnreadable { return nil }
        guard case .mapping(let entries) = node.content else {
            report.error(
                at: node.position, "\(name) must be a mapping", found: node.description,
                expected: "keys " + keys.joined(separator: ", "))
            return nil
        }
        self.name = name
        position = node.position
        var known: [String: YAMLNode.Entry] = [:]
        for entry in entries {
            if keys.contains(entry.key) {
                known[entry.key] = entry
            } else if let sentence = elsewhere[entry.key] {
                report.error(
                    at: entry.position, "\(name): \(sentence)", expected: "one of " + keys.joined(separator: ", "))
            } else {
                report.unknownKey(entry, in: name, valid: keys)
            }
        }
        self.entries = known
    }

    /// Where the key stands; nil when it is absent.
    func keyPosition(_ key: String) -> Position? { entries[key]?.position }

    /// Nil when absent, empty or unreadable.
    func node(_ key: String) -> YAMLNode? {
        guard let value = entries[key]?.value, !value.isNothing, !value.isUnreadable else { return nil }
        return value
    }

    /// Reports absence.
    func required(_ key: String, expected: String, _ report: inout Report) -> YAMLNode? {
        if let node = node(key) { return node }
        if let entry = entries[key] {
            guard !entry.value.isUnreadable else { return nil }
            report.error(at: entry.position, "\(name): \(key) is empty", expected: expected)
        } else {
            report.error(at: position, "\(name): \(key) is missing", expected: expected)
        }
        return nil
    }
}

extension Report {
    /// A text without control characters, of 1 to 1024 bytes.
    mutating func text(_ node: YAMLNode, expected: String) -> String? {
        guard case .scalar(let text, _) = node.content, (1...1024).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
        else {
            error(at: node.position, "this value is wrong", found: node.description, expected: expected)
            return nil
        }
        return text
    }

    /// A text that `parse` accepts.
    mutating func value<Value>(_ node: YAMLNode, expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(node, expected: expected) else { return nil }
        guard let value = parse(text) else {
            error(at: node.position, "this value is wrong", found: node.description, expected: expected)
            return nil
        }
        return value
    }

    /// One of a few words.
    mutating func word<Value>(_ node: YAMLNode, among words: [(String, Value)]) -> Value? {
        let names = words.map(\.0)
        let expected = names.count == 1 ? names.joined() : "one of " + names.joined(separator: ", ")
        guard let text = text(node, expected: expected) else { return nil }
        if let word = words.first(where: { $0.0 == text }) { return word.1 }
        error(
            at: node.position, "this value is wrong", found: node.description, expected: expected,
            suggestion: NearestWord.of(text, among: names))
        return nil
    }

    /// Plain `true` or `false`; YAML's other spellings are refused because people disagree on them.
    mutating func bool(_ node: YAMLNode) -> Bool? {
        if case .scalar(let text, isPlain: true) = node.content {
            if text == "true" { return true }
            if text == "false" { return false }
        }
        error(at: node.position, "this value is wrong", found: node.description, expected: "true or false")
        return nil
    }

    /// "30d", "12h", "15m", "90s", as whole seconds within `range`.
    mutating func duration(_ node: YAMLNode, within range: ClosedRange<Duration>, words: String) -> Duration? {
        value(node, expected: "a duration such as 30d, 1h or 15m, \(words)") { text in
            guard let duration = DurationText.parse(text), range.contains(duration) else { return nil }
            return duration
        }
    }

    /// The elements of a list; a single text counts as a list of one. Refuses an empty list.
    mutating func elements(_ node: YAMLNode, expected: String, maximum: Int = 1000) -> [YAMLNode] {
        switch node.content {
        case .unreadable: break
        case .scalar: return [node]
        case .list(let nodes) where (1...maximum).contains(nodes.count): return nodes.filter { !$0.isUnreadable }
        case .list(let nodes):
            error(
                at: node.position, nodes.isEmpty ? "this list is empty" : "this list is too long",
                found: "\(nodes.count) elements", expected: nodes.isEmpty ? expected : "at most \(maximum)")
        case .mapping:
            error(at: node.position, "this value is wrong", found: node.description, expected: expected)
        }
        return []
    }

    /// Each element that `parse` accepts; the others are reported, and repetitions too.
    mutating func values<Value: Hashable>(
        _ node: YAMLNode, expected: String, _ parse: (String) -> Value?
    ) -> [Value] {
        var seen: Set<Value> = []
        var result: [Value] = []
        for element in elements(node, expected: expected) {
            guard let value = value(element, expected: expected, parse) else { continue }
            if seen.insert(value).inserted {
                result.append(value)
            } else {
                error(at: element.position, "this is given twice", found: element.description)
            }
        }
        return result
    }
}
