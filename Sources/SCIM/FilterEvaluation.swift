package import StrictJSON

extension Filter {
    /// Whether a resource with canonical names, as it would be answered in full, fulfils the filter.
    package func matches(_ resource: [String: JSON]) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(resource) }
        case .any(let parts): parts.contains { $0.matches(resource) }
        case .not(let part): !part.matches(resource)
        case .present(let path): Self.values(of: path, in: path.value(in: resource)).contains(where: Self.isPresent)
        case .compare(let path, let comparison, let operand):
            Self.compare(Self.values(of: path, in: path.value(in: resource)), path, comparison, operand)
        case .element(let path, let filter):
            switch path.value(in: resource) {
            case .array(let elements)?: elements.contains { filter.matches(element: $0) }
            case .some(let element): filter.matches(element: element)
            case nil: false
            }
        case .absent(let comparison): comparison == .notEqual
        }
    }

    /// Whether one element of a multi-valued attribute fulfils the filter inside the brackets.
    package func matches(element: JSON) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(element: element) }
        case .any(let parts): parts.contains { $0.matches(element: element) }
        case .not(let part): !part.matches(element: element)
        case .present(let path): Self.values(ofElement: path, in: element).contains(where: Self.isPresent)
        case .compare(let path, let comparison, let operand):
            Self.compare(Self.values(ofElement: path, in: element), path, comparison, operand)
        case .element: false
        case .absent(let comparison): comparison == .notEqual
        }
    }

    private static func values(of path: AttributePath, in value: JSON?) -> [JSON] {
        switch value {
        case nil: []
        case .array(let elements)?: elements.compactMap { sub(path, in: $0) }
        case .some(let single): sub(path, in: single).map { [$0] } ?? []
        }
    }

    private static func values(ofElement path: AttributePath, in element: JSON) -> [JSON] {
        sub(path, in: element).map { [$0] } ?? []
    }

    /// The compared part of one value: a sub-attribute, `value` where none is named, or the value itself.
    private static func sub(_ path: AttributePath, in value: JSON) -> JSON? {
        guard let members = value.objectValue else { return value }
        if let subAttribute = path.subAttribute { return members[subAttribute.name] }
        return path.attribute.valueAttribute.flatMap { members[$0.name] } ?? (members.isEmpty ? nil : value)
    }

    /// RFC 7644 §3.4.2.2, pr: a non-empty value.
    private static func isPresent(_ value: JSON) -> Bool {
        switch value {
        case .null: false
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        default: true
        }
    }

    private static func compare(
        _ values: [JSON], _ path: AttributePath, _ comparison: Comparison, _ operand: Operand
    ) -> Bool {
        if case .null = operand { return values.contains(where: isPresent) == (comparison == .notEqual) }
        guard let attribute = path.compared else { return false }
        if comparison == .notEqual, values.isEmpty { return true }
        return values.contains { compare($0, attribute, comparison, operand) }
    }

    private static func compare(
        _ value: JSON, _ attribute: AttributeDefinition, _ comparison: Comparison, _ operand: Operand
    ) -> Bool {
        switch operand {
        case .null: false
        case .bool(let wanted): value.boolValue.map { ($0 == wanted) == (comparison == .equal) } ?? false
        case .number(let wanted): value.numberValue.map { comparison.holds($0, wanted) } ?? false
        case .moment(let wanted):
            value.stringValue.flatMap { Timestamp(parsing: $0) }.map { comparison.holds($0, wanted) } ?? false
        case .text(let wanted, _):
            value.stringValue.map {
                comparison.holds(text: attribute.isCaseExact ? $0 : SCIMText.folded($0), wanted)
            } ?? false
        }
    }
}

extension Filter.Comparison {
    func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .contains, .startsWith, .endsWith: false
        }
    }

    /// Byte by byte, so that memory and index decide alike.
    func holds(text left: String, _ right: String) -> Bool {
        switch self {
        case .equal: left.utf8.elementsEqual(right.utf8)
        case .notEqual: !left.utf8.elementsEqual(right.utf8)
        case .startsWith: left.utf8.starts(with: right.utf8)
        case .endsWith: left.utf8.reversed().starts(with: right.utf8.reversed())
        case .contains: Self.contains(Array(left.utf8), Array(right.utf8))
        case .greater: right.utf8.lexicographicallyPrecedes(left.utf8)
        case .greaterOrEqual: !left.utf8.lexicographicallyPrecedes(right.utf8)
        case .less: left.utf8.lexicographicallyPrecedes(right.utf8)
        case .lessOrEqual: !right.utf8.lexicographicallyPrecedes(left.utf8)
        }
    }

    private static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        guard text.count >= part.count else { return false }
        for start in 0...(text.count - part.count) where text[start] == first {
            if text[start..<(start + part.count)].elementsEqual(part) { return true }
        }
        return false
    }
}
