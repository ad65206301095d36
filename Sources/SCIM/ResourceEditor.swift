import StrictJSON

/// A resource being written: attributes with canonical names, and for a group what happens to its members.
///
/// Works on a copy; what throws has changed nothing outside. Source: RFC 7644 §3.3, §3.5.1, §3.5.2.
struct ResourceEditor {
    let type: ResourceType
    private(set) var attributes: [String: JSON]
    private(set) var memberships: [MembershipChange] = []
    var reader: ValueReader
    /// Whether the body or an operation named the attribute, whatever its value.
    private(set) var named: Set<String> = []
    private let leniency: Leniency

    init(type: ResourceType, attributes: [String: JSON] = [:], leniency: Leniency) {
        self.type = type
        self.attributes = attributes
        self.leniency = leniency
        reader = ValueReader(leniency: leniency)
    }

    /// A whole resource, as POST and PUT send it: read-only attributes are ignored, unknown ones as leniency has it.
    mutating func fill(from body: JSON) throws(SCIMError) {
        guard let members = body.objectValue else { throw SCIMError(.invalidSyntax, "the body is a JSON object") }
        let schemas = Message.schemas(try Message.folded(members))
        if !leniency.missingSchemas, !schemas.contains(type.schema.foldedID) {
            throw SCIMError(.invalidSyntax, "`schemas` does not name \(type.schema.id)")
        }
        for uri in schemas where type.schema(named: uri) == nil {
            guard leniency.ignoresUnknown else {
                throw SCIMError(
                    .invalidValue, "a \(type.rawValue) has no schema \(SCIMText.printable(uri, limit: 120))")
            }
            reader.note("schemas: \(SCIMText.printable(uri, limit: 120)) is unknown, left out")
        }
        try merge(members, by: .add, isWhole: true, into: nil)
    }

    /// Required attributes are there. Source: RFC 7643 §2.2.
    func checkRequired() throws(SCIMError) {
        for attribute in type.schema.attributes where attribute.isRequired {
            guard let text = attributes[attribute.name]?.stringValue, !text.utf8.allSatisfy({ $0 == 0x20 }) else {
                throw SCIMError(.invalidValue, "\(attribute.name) is required")
            }
        }
    }

    mutating func setDefault(_ name: String, _ value: JSON?) { if attributes[name] == nil { attributes[name] = value } }

    /// Object members as operations of one kind, each on the attribute that its key names.
    mutating func merge(
        _ members: [String: JSON], by operation: PatchDocument.Operation, isWhole: Bool, into extensionID: String?
    ) throws(SCIMError) {
        var seen: Set<String> = []
        for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            // Which schemas a resource has follows from its attributes.
            if key.lowercased() == "schemas" { continue }
            let target =
                extensionID == nil || key.contains(":")
                ? type.resolve(key) : type.resolve("\(extensionID ?? ""):\(key)")
            switch target {
            case .attribute(let path):
                guard seen.insert(path.text).inserted else { throw ValueReader.twice(key) }
                try mergeOne(path, key, value, by: operation, isWhole: isWhole)
            case .schema(let inner):
                guard seen.insert(inner ?? type.schema.id).inserted else { throw ValueReader.twice(key) }
                if case .null = value { continue }
                guard let nested = value.objectValue, extensionID == nil else {
                    throw SCIMError(.invalidValue, "\(key) is an object")
                }
                if inner == nil { reader.note("core attributes under their schema's URI") }
                try merge(nested, by: operation, isWhole: isWhole, into: inner ?? type.schema.id)
            case .unknown: try refuseUnknown(key)
            }
        }
    }

    private mutating func mergeOne(
        _ path: AttributePath, _ key: String, _ value: JSON, by operation: PatchDocument.Operation, isWhole: Bool
    ) throws(SCIMError) {
        if path.subAttribute != nil || key.contains(":") {
            guard leniency.dottedKeys else {
                throw SCIMError(.invalidValue, "`\(SCIMText.printable(key))` is a path, not a name")
            }
            reader.note("paths as keys of an object")
        }
        // RFC 7644 §3.3, §3.5.1: read-only attributes in the body SHALL be ignored.
        if isWhole, path.attribute.mutability == .readOnly || path.subAttribute?.mutability == .readOnly { return }
        try apply(operation, at: path, value: value)
    }

    mutating func refuseUnknown(_ name: String) throws(SCIMError) {
        guard leniency.ignoresUnknown else {
            throw SCIMError(.invalidPath, "\(SCIMText.printable(name)) is not an attribute of a \(type.rawValue)")
        }
        reader.note("\(SCIMText.printable(name, limit: 120)): unknown, left out")
    }

    // One attribute, no value filter.

    mutating func apply(
        _ operation: PatchDocument.Operation, at path: AttributePath, value: JSON?
    ) throws(SCIMError) {
        guard try mayWrite(path) else { return }
        named.insert(path.attribute.name)
        if type == .group, path.attribute.name == "members" {
            return try changeMembers(operation, sub: path.subAttribute, value: value)
        }
        switch operation {
        case .remove: try remove(path, value: value)
        case .add, .replace:
            guard let value else { throw SCIMError(.invalidValue, "\(path.text) lacks a value") }
            try write(path, value, replaces: operation == .replace)
        }
    }

    private mutating func mayWrite(_ path: AttributePath) throws(SCIMError) -> Bool {
        guard path.attribute.mutability == .readOnly || path.subAttribute?.mutability == .readOnly else { return true }
        guard leniency.ignoresReadOnlyInPatch else { throw SCIMError(.mutability, "\(path.text) is read-only") }
        reader.note("\(path.text): read-only, left out")
        return false
    }

    private mutating func write(_ path: AttributePath, _ value: JSON, replaces: Bool) throws(SCIMError) {
        let attribute = path.attribute
        let current = path.value(in: attributes)
        if let sub = path.subAttribute {
            let read = try reader.read(value, as: sub)
            if attribute.isMultiValued {
                let elements = current?.arrayValue ?? []
                let changed =
                    elements.isEmpty
                    ? read.map { [.object([sub.name: $0])] } ?? [] : elements.map { Self.set(sub, read, in: $0) }
                try store(path, elements: changed)
            } else {
                store(path, Self.set(sub, read, in: current ?? .object([:])))
            }
        } else if attribute.isMultiValued {
            let added = try reader.readList(value, as: attribute)
            guard !replaces, var elements = current?.arrayValue else { return try store(path, elements: added) }
            for element in added {
                if !elements.contains(element) { elements.append(element) }
                if element.objectValue?["primary"] == true, let index = elements.firstIndex(of: element) {
                    // RFC 7644 §3.5.2: a new primary value makes the others not primary.
                    elements = PrimaryValue.keep(at: index, in: elements)
                }
            }
            try store(path, elements: elements)
        } else if attribute.type == .complex, let existing = current?.objectValue {
            // The sub-attributes given change, the others stay; null ones go.
            var merged = existing
            for (name, _) in value.objectValue ?? [:] {
                if let sub = attribute.subAttribute(name), sub.mutability != .readOnly { merged[sub.name] = nil }
            }
            for (name, part) in try reader.readOne(value, as: attribute)?.objectValue ?? [:] { merged[name] = part }
            store(path, value == nil || merged.isEmpty ? nil : .object(merged))
        } else {
            try store(path, checked: reader.readOne(value, as: attribute))
        }
    }

    /// Without a value the attribute goes; with one, only what the value lists.
    private mutating func remove(_ path: AttributePath, value: JSON?) throws(SCIMError) {
        let attribute = path.attribute
        let current = path.value(in: attributes)
        if let sub = path.subAttribute {
            switch current {
            case .array(let elements)?: try store(path, elements: elements.map { Self.set(sub, nil, in: $0) })
            case .some(let single): store(path, Self.set(sub, nil, in: single))
            case nil: break
            }
            return
        }
        if attribute.isRequired { throw SCIMError(.mutability, "\(path.text) is required and cannot be removed") }
        guard attribute.isMultiValued, let value, value != nil else { return store(path, nil) }
        guard leniency.removalByValue else { throw SCIMError(.invalidSyntax, "remove takes no value") }
        reader.note("\(attribute.name): remove with a value removes that value only")
        let unwanted = try reader.readList(value, as: attribute)
        let elements = (current?.arrayValue ?? []).filter { element in
            !unwanted.contains { Self.isSame($0, element) }
        }
        try store(path, elements: elements)
    }

    // Storing.

    /// Each text that must not be empty counts as unassigned when it is.
    private mutating func store(_ path: AttributePath, checked value: JSON?) throws(SCIMError) {
        let attribute = path.attribute
        if value == "", attribute.name == "externalId" { return store(path, nil) }
        if attribute.isRequired {
            guard let text = value?.stringValue, text.utf8.contains(where: { $0 != 0x20 }) else {
                throw SCIMError(.invalidValue, "\(attribute.name) is required and cannot be empty")
            }
        }
        // Accepted, checked and thrown away: passwords stay with the identity provider.
        if attribute.returned == .never { return }
        store(path, value)
    }

    mutating func store(_ path: AttributePath, elements: [JSON]) throws(SCIMError) {
        try ValueReader.checkCount(elements, of: path.attribute)
        let left = elements.filter { $0.objectValue?.isEmpty != true }
        store(path, left.isEmpty ? nil : .array(left))
    }

    mutating func store(_ path: AttributePath, _ value: JSON?) {
        var value = value
        if value?.objectValue?.isEmpty == true { value = nil }
        guard let extensionID = path.extensionID else {
            attributes[path.attribute.name] = value
            return
        }
        var members = attributes[extensionID]?.objectValue ?? [:]
        members[path.attribute.name] = value
        attributes[extensionID] = members.isEmpty ? nil : .object(members)
    }

    mutating func removeExtension(_ id: String) { attributes[id] = nil }

    mutating func change(_ membership: MembershipChange) { memberships.append(membership) }

    static func set(_ sub: AttributeDefinition, _ value: JSON?, in element: JSON) -> JSON {
        var members = element.objectValue ?? [:]
        members[sub.name] = value
        return .object(members)
    }

    /// The same value, or for complex ones the same `value` in any case.
    private static func isSame(_ left: JSON, _ right: JSON) -> Bool {
        if let left = left.objectValue?["value"]?.stringValue, let right = right.objectValue?["value"]?.stringValue {
            return SCIMText.folded(left) == SCIMText.folded(right)
        }
        return left == right
    }
}
