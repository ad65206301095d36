import StrictJSON

extension Filter.Operand {
    /// A literal as the attribute's type reads it. Errors: `invalidFilter` where the two cannot be compared so.
    init(_ literal: JSON, comparing path: AttributePath, by comparison: Filter.Comparison) throws(SCIMError) {
        if case .null = literal {
            guard comparison == .equal || comparison == .notEqual else {
                throw SCIMError(.invalidFilter, "null can only be compared with eq and ne")
            }
            self = .null
            return
        }
        guard let attribute = path.compared else {
            throw SCIMError(.invalidFilter, "\(path.text) is complex: name one of its sub-attributes")
        }
        try Self.check(comparison, for: attribute, at: path)
        switch attribute.type {
        case .boolean:
            guard let value = BooleanText.read(literal) else { throw Self.mismatch(path, "true or false") }
            self = .bool(value)
        case .integer, .decimal:
            guard let value = literal.numberValue else { throw Self.mismatch(path, "a number") }
            self = .number(value)
        case .dateTime:
            guard let value = literal.stringValue.flatMap({ Timestamp(parsing: $0) }) else {
                throw Self.mismatch(path, "a time as 2026-01-31T12:00:00Z")
            }
            self = .moment(value)
        case .string, .reference, .binary, .complex:
            guard let text = literal.stringValue else { throw Self.mismatch(path, "a string in quotation marks") }
            self = .text(attribute.isCaseExact ? text : SCIMText.folded(text), written: text)
        }
    }

    /// RFC 7644 §3.4.2.2: ordering of Booleans and binaries fails with invalidFilter.
    private static func check(
        _ comparison: Filter.Comparison, for attribute: AttributeDefinition, at path: AttributePath
    ) throws(SCIMError) {
        let isAllowed =
            switch (attribute.type, comparison) {
            case (_, .equal), (_, .notEqual): true
            case (.boolean, _): false
            case (.binary, .greater), (.binary, .greaterOrEqual), (.binary, .less), (.binary, .lessOrEqual): false
            case (.integer, .contains), (.integer, .startsWith), (.integer, .endsWith): false
            case (.decimal, .contains), (.decimal, .startsWith), (.decimal, .endsWith): false
            case (.dateTime, .contains), (.dateTime, .startsWith), (.dateTime, .endsWith): false
            default: true
            }
        guard isAllowed else {
            throw SCIMError(
                .invalidFilter,
                "\(path.text) is of type \(attribute.type.rawValue) and cannot be compared with \(comparison.rawValue)")
        }
    }

    private static func mismatch(_ path: AttributePath, _ wanted: String) -> SCIMError {
        SCIMError(.invalidFilter, "\(path.text) is compared with \(wanted)")
    }
}

/// Booleans as clients send them: `true`, but also `"True"`.
enum BooleanText {
    static func read(_ value: JSON) -> Bool? {
        switch value {
        case .bool(let value): return value
        case .string(let text):
            switch text.lowercased() {
            case "true": return true
            case "false": return false
            default: return nil
            }
        default: return nil
        }
    }
}
