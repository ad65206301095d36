import StrictJSON

/// A received message's members by folded name. Source: RFC 7643 §2.1: names compare in any case.
struct Message {
    private let members: [String: JSON]

    /// Errors: `invalidSyntax` if it is no object, names something twice or lacks the schema where that is demanded.
    init(_ body: JSON, schema: String, leniency: Leniency) throws(SCIMError) {
        guard let object = body.objectValue else { throw SCIMError(.invalidSyntax, "the body is a JSON object") }
        members = try Self.folded(object)
        guard leniency.missingSchemas || Self.schemas(members).contains(schema.lowercased()) else {
            throw SCIMError(.invalidSyntax, "`schemas` does not name \(schema)")
        }
    }

    subscript(_ foldedName: String) -> JSON? { members[foldedName] }

    static func folded(_ object: [String: JSON]) throws(SCIMError) -> [String: JSON] {
        var members: [String: JSON] = [:]
        for (name, value) in object {
            guard members.updateValue(value, forKey: name.lowercased()) == nil else { throw ValueReader.twice(name) }
        }
        return members
    }

    static func schemas(_ folded: [String: JSON]) -> [String] {
        folded["schemas"]?.arrayValue?.compactMap { $0.stringValue?.lowercased() } ?? []
    }
}

extension SCIMError {
    /// What is wrong with received JSON text.
    init(_ error: JSONError) {
        switch error {
        case .malformed(let offset): self.init(.invalidSyntax, "not JSON from byte \(offset) on")
        case .duplicateName(let name): self = ValueReader.twice(name)
        case .tooDeep: self.init(.invalidSyntax, "the JSON is nested deeper than \(JSON.maximumDepth)")
        case .tooLong: self.init(.payloadTooLarge, "the body is too long")
        case .member(let name):
            self.init(.invalidSyntax, "`\(SCIMText.printable(name))` is missing or of the wrong type")
        case .notAnObject: self.init(.invalidSyntax, "the body is a JSON object")
        }
    }
}
