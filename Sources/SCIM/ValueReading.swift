import StrictJSON

/// Reads received values as an attribute's definition has them: types checked, names canonical, read-only parts gone.
///
/// Unassigned is nil: null, an empty list, an empty object (RFC 7643 §2.5). Errors: `invalidValue`.
struct ValueReader {
    let leniency: Leniency
    /// Where leniency was used, once each.
    private(set) var notes: [String] = []

    static let maximumTextBytes = 8192
    static let maximumElements = 250

    init(leniency: Leniency) { self.leniency = leniency }

    mutating func note(_ text: @autoclosure () -> String) {
        guard notes.count < 20 else { return }
        let text = text()
        if !notes.contains(text) { notes.append(text) }
    }

    /// A whole attribute: a list for a multi-valued one.
    mutating func read(_ value: JSON, as attribute: AttributeDefinition) throws(SCIMError) -> JSON? {
        guard attribute.isMultiValued else { return try readOne(value, as: attribute) }
        let list = try readList(value, as: attribute)
        return list.isEmpty ? nil : .array(list)
    }

    mutating func readList(_ value: JSON, as attribute: AttributeDefinition) throws(SCIMError) -> [JSON] {
        if case .null = value { return [] }
        var elements: [JSON]
        if let array = value.arrayValue {
            elements = array
        } else {
            guard leniency.simpleForComplex else { throw Self.wrong(attribute, "a list") }
            note("\(attribute.name): one value in place of a list")
            elements = [value]
        }
        try Self.checkCount(elements, of: attribute)
        var list: [JSON] = []
        var seen: Set<JSON> = []
        for element in elements {
            if let read = try readOne(element, as: attribute), seen.insert(read).inserted { list.append(read) }
        }
        return try withOnePrimary(list, attribute)
    }

    /// One value of the attribute, multi-valued or not.
    mutating func readOne(_ value: JSON, as attribute: AttributeDefinition) throws(SCIMError) -> JSON? {
        if case .null = value { return nil }
        switch attribute.type {
        case .boolean:
            if case .bool = value { return value }
            guard leniency.looseTypes, let read = BooleanText.read(value) else {
                throw Self.wrong(attribute, "true or false")
            }
            note("\(attribute.name): a boolean as a string")
            return .bool(read)
        case .integer:
            guard value.integerValue != nil else { throw Self.wrong(attribute, "an integer") }
            return value
        case .decimal:
            guard value.numberValue != nil else { throw Self.wrong(attribute, "a number") }
            return value
        case .dateTime:
            guard let text = value.stringValue, Timestamp(parsing: text) != nil else {
                throw Self.wrong(attribute, "a time as 2026-01-31T12:00:00Z")
            }
            return value
        case .string, .reference, .binary: return .string(try readText(value, as: attribute))
        case .complex: return try readComplex(value, as: attribute)
        }
    }

    private mutating func readText(_ value: JSON, as attribute: AttributeDefinition) throws(SCIMError) -> String {
        let text: String
        switch value {
        case .string(let received): text = received
        case .integer(let number) where leniency.looseTypes:
            note("\(attribute.name): a number in place of a string")
            text = String(number)
        case .bool(let flag) where leniency.looseTypes:
            note("\(attribute.name): a boolean in place of a string")
            text = String(flag)
        default: throw Self.wrong(attribute, "a string")
        }
        let limit = attribute.type == .binary ? Self.maximumTextBytes * 4 : Self.maximumTextBytes
        guard text.utf8.count <= limit else {
            throw SCIMError(.invalidValue, "\(attribute.name) is longer than \(limit) bytes")
        }
        guard SCIMText.isStorable(text) else {
            throw SCIMError(.invalidValue, "\(attribute.name) holds control characters")
        }
        return text
    }

    private mutating func readComplex(_ value: JSON, as attribute: AttributeDefinition) throws(SCIMError) -> JSON? {
        guard let members = value.objectValue else {
            if leniency.simpleForComplex, let list = value.arrayValue, list.count == 1, list[0].objectValue != nil {
                note("\(attribute.name): a list of one in place of an object")
                return try readComplex(list[0], as: attribute)
            }
            guard leniency.simpleForComplex, let inner = attribute.valueAttribute, value.arrayValue == nil else {
                throw Self.wrong(attribute, "an object")
            }
            note("\(attribute.name): a plain value in place of an object")
            if value == "" { return nil }
            return try readOne(value, as: inner).map { .object([inner.name: $0]) }
        }
        var read: [String: JSON] = [:]
        var seen: Set<String> = []
        for (name, value) in members {
            guard let sub = attribute.subAttribute(name) else {
                guard leniency.ignoresUnknown else {
                    throw SCIMError(.invalidValue, "\(attribute.name) has no sub-attribute \(SCIMText.printable(name))")
                }
                note("\(attribute.name).\(SCIMText.printable(name)): unknown, left out")
                continue
            }
            guard seen.insert(sub.name).inserted else { throw Self.twice("\(attribute.name).\(sub.name)") }
            if sub.mutability != .readOnly, let value = try self.read(value, as: sub) { read[sub.name] = value }
        }
        return read.isEmpty ? nil : .object(read)
    }

    /// RFC 7643 §2.4: `primary` true MUST appear no more than once.
    private mutating func withOnePrimary(
        _ list: [JSON], _ attribute: AttributeDefinition
    ) throws(SCIMError) -> [JSON] {
        let primaries = list.indices.filter { list[$0].objectValue?["primary"] == true }
        guard primaries.count > 1 else { return list }
        guard leniency.looseTypes else {
            throw SCIMError(.invalidValue, "\(attribute.name) has more than one primary value")
        }
        note("\(attribute.name): more than one primary value, the first one counts")
        return PrimaryValue.keep(at: primaries[0], in: list)
    }

    static func checkCount(_ elements: [JSON], of attribute: AttributeDefinition) throws(SCIMError) {
        guard elements.count <= maximumElements else {
            throw SCIMError(.invalidValue, "\(attribute.name) has more than \(maximumElements) values")
        }
    }

    static func twice(_ name: String) -> SCIMError {
        SCIMError(.invalidSyntax, "\(SCIMText.printable(name)) is given twice")
    }

    private static func wrong(_ attribute: AttributeDefinition, _ wanted: String) -> SCIMError {
        SCIMError(.invalidValue, "\(attribute.name) must be \(wanted)")
    }
}

enum PrimaryValue {
    /// The element at `index` stays primary, all others are not.
    static func keep(at index: Int, in list: [JSON]) -> [JSON] {
        list.enumerated().map { position, element in
            guard position != index, var members = element.objectValue, members["primary"] == true else {
                return element
            }
            members["primary"] = false
            return .object(members)
        }
    }
}
