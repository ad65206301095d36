import StrictJSON

/// Which attributes an answer holds. Source: RFC 7643 §2.2 (returned); RFC 7644 §3.4.2.5, §3.9.
struct Projection {
    /// A whole attribute, or some of its sub-attributes.
    private enum Selection {
        case whole
        case parts(Set<String>)
    }

    private struct Key: Hashable {
        let extensionID: String?
        let name: String
    }

    private let included: [Key: Selection]?
    private let excluded: [Key: Selection]
    private let includedExtensions: Set<String>
    private let excludedExtensions: Set<String>
    private let type: ResourceType

    /// Unknown names are ignored. With both lists, `attributes` is applied first; strict refuses both together.
    init(
        attributes: [String]?, excluded: [String]?, for type: ResourceType, leniency: Leniency = .liberal
    ) throws(SCIMError) {
        if attributes != nil, excluded != nil, !leniency.ignoresUnknown {
            throw SCIMError(.invalidValue, "attributes and excludedAttributes exclude each other")
        }
        self.type = type
        let inclusion = attributes.map { Self.select($0, type) }
        let exclusion = Self.select(excluded ?? [], type)
        included = inclusion?.keys
        includedExtensions = inclusion?.extensions ?? []
        self.excluded = exclusion.keys
        excludedExtensions = exclusion.extensions
    }

    /// Whether the client named attributes: RFC 7644 §3.5.2 then wants an answer with a body.
    var isExplicit: Bool { included != nil }

    /// Whether a core attribute will be in the answer; what is not is not loaded.
    func wants(_ name: String) -> Bool {
        let key = Key(extensionID: nil, name: name)
        if case .whole? = excluded[key] { return false }
        return included.map { $0[key] != nil } ?? true
    }

    /// `members.display` is answered on request only.
    var wantsMemberNames: Bool {
        if case .parts(let names)? = included?[Key(extensionID: nil, name: "members")] {
            names.contains("display")
        } else {
            false
        }
    }

    func apply(to resource: [String: JSON]) -> [String: JSON] {
        guard included != nil || !excluded.isEmpty || !excludedExtensions.isEmpty else { return resource }
        var result: [String: JSON] = [:]
        for (name, value) in resource {
            if let definition = type.extensions.first(where: { $0.id == name }), let members = value.objectValue {
                let left = apply(to: members, in: definition)
                if !left.isEmpty { result[name] = .object(left) }
            } else if let left = apply(to: value, Key(extensionID: nil, name: name), isAlways: isAlways(name)) {
                result[name] = left
            }
        }
        return result
    }

    private func apply(to members: [String: JSON], in definition: SchemaDefinition) -> [String: JSON] {
        if excludedExtensions.contains(definition.id) { return [:] }
        let isWhole = includedExtensions.contains(definition.id)
        var left: [String: JSON] = [:]
        for (name, value) in members {
            left[name] = apply(to: value, Key(extensionID: definition.id, name: name), isAlways: isWhole)
        }
        return left
    }

    private func apply(to value: JSON, _ key: Key, isAlways: Bool) -> JSON? {
        if isAlways { return value }
        var left: JSON = value
        if let included {
            switch included[key] {
            case nil: return nil
            case .whole?: break
            case .parts(let names)?: left = Self.filter(value) { names.contains($0) }
            }
        }
        switch excluded[key] {
        case nil: return left
        case .whole?: return nil
        case .parts(let names)?: return Self.filter(left) { !names.contains($0) }
        }
    }

    private func isAlways(_ name: String) -> Bool {
        name == "schemas" || type.schema.attribute(name)?.returned == .always
    }

    private static func filter(_ value: JSON, _ isKept: (String) -> Bool) -> JSON {
        switch value {
        case .array(let elements): .array(elements.map { filter($0, isKept) })
        case .object(let members): .object(members.filter { isKept($0.key) })
        default: value
        }
    }

    private static func select(
        _ names: [String], _ type: ResourceType
    ) -> (keys: [Key: Selection], extensions: Set<String>) {
        var keys: [Key: Selection] = [:]
        var extensions: Set<String> = []
        for name in names.prefix(200) {
            switch type.resolve(name) {
            case .attribute(let path):
                let key = Key(extensionID: path.extensionID, name: path.attribute.name)
                if let sub = path.subAttribute {
                    switch keys[key] {
                    case nil: keys[key] = .parts([sub.name])
                    case .parts(let others)?: keys[key] = .parts(others.union([sub.name]))
                    case .whole?: break
                    }
                } else {
                    keys[key] = .whole
                }
            case .schema(let id?): extensions.insert(id)
            case .schema(nil), .unknown: break
            }
        }
        return (keys, extensions)
    }
}
