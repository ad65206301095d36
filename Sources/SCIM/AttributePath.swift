package import StrictJSON

/// An attribute of a resource type, and perhaps one sub-attribute, as a filter, a PATCH or a projection names it.
///
/// Names compare in any case; a schema's URI may stand before them. Source: RFC 7644 §3.10.
package struct AttributePath: Hashable, Sendable {
    /// The extension that defines the attribute; nil: the core schema or a common attribute.
    package let extensionID: String?
    package let attribute: AttributeDefinition
    package let subAttribute: AttributeDefinition?

    /// The attribute whose type and case rule a comparison follows; nil for a complex one without `value`.
    var compared: AttributeDefinition? { subAttribute ?? attribute.valueAttribute }

    package var text: String {
        let name = subAttribute.map { "\(attribute.name).\($0.name)" } ?? attribute.name
        return extensionID.map { "\($0):\(name)" } ?? name
    }

    /// The attribute's value in a resource with canonical names.
    package func value(in resource: [String: JSON]) -> JSON? {
        guard let extensionID else { return resource[attribute.name] }
        return resource[extensionID]?.objectValue?[attribute.name]
    }
}

/// What a name means for a resource type.
package enum PathTarget: Hashable, Sendable {
    case attribute(AttributePath)
    /// A schema of this resource type as a whole, by its URI; nil for the core schema.
    case schema(extensionID: String?)
    case unknown
}

extension ResourceType {
    package func resolve(_ text: some StringProtocol) -> PathTarget {
        guard let colon = text.lastIndex(of: ":") else { return resolve(name: text, in: nil) }
        if let whole = schema(named: text) {
            return .schema(extensionID: whole.id == schema.id ? nil : whole.id)
        }
        guard let owner = schema(named: text[..<colon]) else { return .unknown }
        return resolve(name: text[text.index(after: colon)...], in: owner)
    }

    /// Without a URI the core schema is meant, then the extensions.
    private func resolve(name text: some StringProtocol, in owner: SchemaDefinition?) -> PathTarget {
        let dot = text.firstIndex(of: ".")
        let name = text[..<(dot ?? text.endIndex)]
        guard let (found, attribute) = find(name, in: owner) else { return .unknown }
        let extensionID = found.id == schema.id ? nil : found.id
        guard let dot else {
            return .attribute(AttributePath(extensionID: extensionID, attribute: attribute, subAttribute: nil))
        }
        guard let sub = attribute.subAttribute(text[text.index(after: dot)...]) else { return .unknown }
        return .attribute(AttributePath(extensionID: extensionID, attribute: attribute, subAttribute: sub))
    }

    private func find(
        _ name: some StringProtocol, in owner: SchemaDefinition?
    ) -> (SchemaDefinition, AttributeDefinition)? {
        if let owner, owner.id != schema.id { return owner.attribute(name).map { (owner, $0) } }
        if let attribute = schema.attribute(name) { return (schema, attribute) }
        switch name.lowercased() {
        case "meta": return (schema, .meta)
        case "schemas": return (schema, .schemas)
        default: break
        }
        guard owner == nil else { return nil }
        for candidate in extensions {
            if let attribute = candidate.attribute(name) { return (candidate, attribute) }
        }
        return nil
    }
}
