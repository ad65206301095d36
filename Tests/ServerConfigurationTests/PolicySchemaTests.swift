import StrictJSON
import Testing

@testable import ServerConfiguration

@Suite struct `The schema of policy files` {
    private static var schema: [String: JSON] {
        (try? JSON(parsing: Array(PolicySchema.text.utf8)).objectValue) ?? [:]
    }

    private static func document(_ text: String) throws -> JSON {
        var report = Report(source: SourceText(file: "p", text: text))
        return SchemaCheck.json(try #require(YAMLReader.read(&report)))
    }

    private static func keys(_ path: String...) -> Set<String> {
        var members = schema
        for name in path { members = members[name]?.objectValue ?? [:] }
        return Set((members["properties"]?.objectValue ?? [:]).keys)
    }

    @Test func `is the documented one`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = "\(root)/Docs/examples/policy.schema.json"
        #expect(try Files.ofSystem().read(path, 1 << 20).get() == Array(PolicySchema.text.utf8))
    }

    @Test func `has every key that the reader knows, and no other`() {
        #expect(Self.keys() == Set(PolicyReader.keys))
        #expect(Self.keys("$defs", "rule") == Set(PolicyReader.ruleKeys))
        #expect(Self.keys("$defs", "grant") == Set(PolicyReader.grantKeys))
        #expect(Self.keys("$defs", "when") == Set(PolicyReader.conditionKeys))
        #expect(Self.keys("$defs", "when", "properties", "device") == Set(PolicyReader.deviceKeys))
        #expect(Self.keys("$defs", "test") == Set(PolicyReader.testKeys))
        #expect(Self.keys("$defs", "given") == Set(PolicyReader.givenKeys))
    }

    @Test func `accepts what the reader accepts`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let example = try Files.ofSystem().read("\(root)/Docs/examples/policy.yaml", 1 << 20).get()
        for text in [`The language of a policy file`.whole, String(decoding: example, as: UTF8.self)] {
            #expect(SchemaCheck(Self.schema).problem(try Self.document(text)) == nil)
        }
    }

    @Test(arguments: [
        ("name: wiki", "name: Wiki"), ("name: wiki", "name: grant-x"), ("mfa: 1h", "mfa: soon"),
        ("mfa: 1h", "mfs: 1h"), ("managed: true", "managed: maybe"), ("expect: allow", "expect: yes"),
        ("user: auditor@example.org", "user: auditor"), ("source: group:dba", "source: 10.0.0.1"),
        ("source: group:dba", "source: []"), ("reason: the yearly audit", "note: x"),
        ("until: 2026-12-31\n", "until: tomorrow\n"), ("ssh: tcp/22", "tcp: tcp/22"),
        ("disk-encrypted: unknown", "disk-encrypted: perhaps"), ("prod-db: group:dba", "prod-db: tag:ci"),
        ("device: { os: [linux, macos], managed: true }", "device: {}"),
    ])
    func `refuses what the reader refuses`(_ old: String, _ new: String) throws {
        let text = `The language of a policy file`.whole.replacing(old, with: new, maxReplacements: 1)
        #expect(text != `The language of a policy file`.whole)
        #expect(SchemaCheck(Self.schema).problem(try Self.document(text)) != nil)
        #expect(throws: InvalidConfiguration.self) {
            try PolicyFile.read(Array(text.utf8), name: "p", files: .ofSystem(), now: 1_795_267_840).get()
        }
    }
}

/// As much of JSON Schema as our schema uses.
private struct SchemaCheck {
    private let definitions: [String: JSON]
    private let root: [String: JSON]

    init(_ root: [String: JSON]) {
        self.root = root
        definitions = root["$defs"]?.objectValue ?? [:]
    }

    /// A YAML value as editors see it.
    static func json(_ node: YAMLNode) -> JSON {
        switch node.content {
        case .scalar(let text, isPlain: true) where text == "true" || text == "false": .bool(text == "true")
        case .scalar(let text, _): .string(text)
        case .list(let nodes): .array(nodes.map(json))
        case .mapping(let entries):
            .object(Dictionary(entries.map { ($0.key, json($0.value)) }) { first, _ in first })
        case .unreadable: .null
        }
    }

    func problem(_ value: JSON) -> String? { problem(value, .object(root), "") }

    private func problem(_ value: JSON, _ schema: JSON, _ path: String) -> String? {
        if case .bool(let isAllowed) = schema { return isAllowed ? nil : "\(path) is not allowed" }
        guard let rules = schema.objectValue else { return "\(path): no schema" }
        if let name = rules["$ref"]?.stringValue {
            guard let target = definitions[String(name.dropFirst("#/$defs/".count))] else { return "no \(name)" }
            if let problem = problem(value, target, path) { return problem }
        }
        if let type = rules["type"]?.stringValue, !Self.isOf(type, value) { return "\(path) is no \(type)" }
        if let choices = rules["enum"]?.arrayValue, !choices.contains(value) { return "\(path) is none of its words" }
        if let unwanted = rules["not"], problem(value, unwanted, path) == nil { return "\(path) is unwanted" }
        if let choices = rules["anyOf"]?.arrayValue, choices.allSatisfy({ problem(value, $0, path) != nil }) {
            return "\(path) is none of its forms"
        }
        if let text = value.stringValue {
            let pattern = rules["pattern"]?.stringValue ?? ""
            if let regex = try? Regex(pattern), text.firstMatch(of: regex) == nil { return "\(path) is not \(pattern)" }
            if text.count < rules["minLength"]?.integerValue ?? 0 { return "\(path) is too short" }
        }
        if let elements = value.arrayValue {
            let bounds = (rules["minItems"]?.integerValue ?? 0)...(rules["maxItems"]?.integerValue ?? .max)
            guard bounds.contains(elements.count) else { return "\(path) has another length" }
            for element in elements {
                if let items = rules["items"], let problem = problem(element, items, path + "[]") { return problem }
            }
        }
        return value.objectValue.flatMap { members(of: $0, rules, path) }
    }

    private func members(of object: [String: JSON], _ rules: [String: JSON], _ path: String) -> String? {
        if object.count < rules["minProperties"]?.integerValue ?? 0 { return "\(path) is empty" }
        for name in rules["required"]?.arrayValue ?? [] where object[name.stringValue ?? ""] == nil {
            return "\(path) lacks \(name)"
        }
        for (name, member) in object {
            if let names = rules["propertyNames"], let problem = problem(.string(name), names, "\(path).\(name)") {
                return problem
            }
            let schema = rules["properties"]?.objectValue?[name] ?? rules["additionalProperties"] ?? .bool(true)
            if let problem = problem(member, schema, "\(path).\(name)") { return problem }
        }
        return nil
    }

    private static func isOf(_ type: String, _ value: JSON) -> Bool {
        switch value {
        case .object: type == "object"
        case .array: type == "array"
        case .string: type == "string"
        case .bool: type == "boolean"
        case .integer, .number, .null: false
        }
    }
}
