import StrictJSON

/// One attribute of a schema and its characteristics; validation, filters, projection and PATCH read them here.
///
/// Source: RFC 7643 §2.2, §7.
package struct AttributeDefinition: Hashable, Sendable {
    package enum ValueType: String, Hashable, Sendable {
        case string, boolean, decimal, integer, dateTime, binary, reference, complex
    }

    package enum Mutability: String, Hashable, Sendable { case readOnly, readWrite, immutable, writeOnly }
    package enum Returned: String, Hashable, Sendable { case always, never, `default`, request }
    package enum Uniqueness: String, Hashable, Sendable { case none, server, global }

    package let name: String
    package let type: ValueType
    package let isMultiValued: Bool
    package let isRequired: Bool
    package let isCaseExact: Bool
    package let mutability: Mutability
    package let returned: Returned
    package let uniqueness: Uniqueness
    package let canonicalValues: [String]
    package let referenceTypes: [String]
    package let subAttributes: [AttributeDefinition]
    package let description: String
    let foldedName: String

    init(
        _ name: String, _ type: ValueType = .string, many: Bool = false, required: Bool = false, exact: Bool = false,
        is mutability: Mutability = .readWrite, returned: Returned = .default, unique: Uniqueness = .none,
        canonical: [String] = [], refers: [String] = [], of subAttributes: [AttributeDefinition] = [],
        about description: String
    ) {
        self.name = name
        self.type = type
        isMultiValued = many
        isRequired = required
        isCaseExact = exact
        self.mutability = mutability
        self.returned = returned
        uniqueness = unique
        canonicalValues = canonical
        referenceTypes = refers
        self.subAttributes = subAttributes
        self.description = description
        foldedName = name.lowercased()
    }

    package func subAttribute(_ name: some StringProtocol) -> AttributeDefinition? {
        if let exact = subAttributes.first(where: { $0.name == name }) { return exact }
        let folded = name.lowercased()
        return subAttributes.first { $0.foldedName == folded }
    }

    /// What stands for a complex value where a simple one is meant: `emails co "x"` is `emails.value co "x"`.
    var valueAttribute: AttributeDefinition? { type == .complex ? subAttribute("value") : self }

    /// As in a Schema document. Source: RFC 7643 §7.
    var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "type": .string(type.rawValue), "multiValued": .bool(isMultiValued),
            "description": .string(description), "required": .bool(isRequired), "caseExact": .bool(isCaseExact),
            "mutability": .string(mutability.rawValue), "returned": .string(returned.rawValue),
            "uniqueness": .string(uniqueness.rawValue),
        ]
        if !canonicalValues.isEmpty { members["canonicalValues"] = .array(canonicalValues.map { .string($0) }) }
        if !referenceTypes.isEmpty { members["referenceTypes"] = .array(referenceTypes.map { .string($0) }) }
        if !subAttributes.isEmpty { members["subAttributes"] = .array(subAttributes.map(\.json)) }
        return .object(members)
    }
}
