import StrictJSON

//  FILTER    = attrExp / logExp / valuePath / ["not" [SP]] "(" FILTER ")"
//  valuePath = attrPath "[" valFilter "]"
//              also followed by "." and an attrExp of a sub-attribute: of the same element
//  attrExp   = attrPath SP "pr"  /  attrPath SP compareOp SP compValue
//  binds     : comparison, then not, then and, then or

/// In which namespace a filter's names are looked up.
package enum FilterScope: Hashable, Sendable {
    case resource(ResourceType)
    /// Across types: a name that only another type knows has no value here. Source: RFC 7644 §3.4.2.1.
    case anyResource(ResourceType)
    /// Inside the brackets of a value path.
    case element(AttributePath)
}

extension Filter {
    /// Errors: `invalidFilter`.
    package init(parsing text: String, for type: ResourceType, limits: Limits = Limits()) throws(SCIMError) {
        try self.init(parsing: text, in: .resource(type), limits: limits)
    }

    package init(parsing text: String, in scope: FilterScope, limits: Limits = Limits()) throws(SCIMError) {
        guard text.utf8.count <= limits.length else {
            throw SCIMError(.invalidFilter, "the filter is longer than \(limits.length) bytes")
        }
        var parser = FilterParser(bytes: Array(text.utf8), limits: limits)
        self = try parser.parse(in: scope)
    }
}

/// A recursive-descent reader whose depth is bounded; every access is bounded by `peek`.
struct FilterParser {
    private let bytes: [UInt8]
    private let limits: Filter.Limits
    private(set) var position = 0
    private var depth = 0
    private var terms = 0

    init(bytes: [UInt8], limits: Filter.Limits, position: Int = 0) {
        self.bytes = bytes
        self.limits = limits
        self.position = position
    }

    mutating func parse(in scope: FilterScope) throws(SCIMError) -> Filter {
        let filter = try parseAny(in: scope)
        guard position == bytes.count else { throw unexpected("the end or a logical operator") }
        return filter
    }

    /// Reads `[…]`, from the opening bracket on: also in a PATCH path.
    mutating func parseBrackets(of path: AttributePath) throws(SCIMError) -> Filter {
        guard path.subAttribute == nil, path.attribute.isMultiValued || path.attribute.type == .complex else {
            throw SCIMError(.invalidFilter, "\(path.text) has no elements to filter")
        }
        try descend()
        position += 1
        let filter = try parseAny(in: .element(path))
        skipSpaces()
        guard peek == UInt8(ascii: "]") else { throw unexpected("`]`") }
        position += 1
        depth -= 1
        return .element(path, filter)
    }

    private mutating func parseAny(in scope: FilterScope) throws(SCIMError) -> Filter {
        var parts = [try parseAll(in: scope)]
        while skipWord("or") { parts.append(try parseAll(in: scope)) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func parseAll(in scope: FilterScope) throws(SCIMError) -> Filter {
        var parts = [try parseTerm(in: scope)]
        while skipWord("and") { parts.append(try parseTerm(in: scope)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func parseTerm(in scope: FilterScope) throws(SCIMError) -> Filter {
        skipSpaces()
        let start = position
        if skipWord("not") {
            skipSpaces()
            if peek == UInt8(ascii: "(") { return .not(try parseParentheses(in: scope)) }
            position = start
        }
        if peek == UInt8(ascii: "(") { return try parseParentheses(in: scope) }
        return try parseExpression(in: scope)
    }

    private mutating func parseParentheses(in scope: FilterScope) throws(SCIMError) -> Filter {
        try descend()
        position += 1
        let filter = try parseAny(in: scope)
        skipSpaces()
        guard peek == UInt8(ascii: ")") else { throw unexpected("`)`") }
        position += 1
        depth -= 1
        return filter
    }

    private mutating func parseExpression(in scope: FilterScope) throws(SCIMError) -> Filter {
        terms += 1
        guard terms <= limits.terms else {
            throw SCIMError(.invalidFilter, "the filter has more than \(limits.terms) comparisons")
        }
        let name = try parseName()
        let path = try Self.resolve(name, in: scope)
        if peek == UInt8(ascii: "[") {
            if case .element = scope { throw SCIMError(.invalidFilter, "brackets cannot stand inside brackets") }
            guard let path else { throw SCIMError(.invalidFilter, "\(name) is not an attribute here") }
            let filter = try parseBrackets(of: path)
            return peek == UInt8(ascii: ".") ? try parseSubComparison(filter, of: path) : filter
        }
        return try parseComparison(of: name, path)
    }

    /// `emails[type eq "work"].value eq "x"`: outside the grammar, but how Entra ID looks people up by e-mail.
    private mutating func parseSubComparison(_ filter: Filter, of path: AttributePath) throws(SCIMError) -> Filter {
        guard case .element(_, let inner) = filter else { return filter }
        position += 1
        let name = try parseName()
        let comparison = try parseComparison(of: name, try Self.resolve(name, in: .element(path)))
        return .element(path, .all([inner, comparison]))
    }

    private mutating func parseComparison(of name: String, _ path: AttributePath?) throws(SCIMError) -> Filter {
        skipSpaces()
        let word = parseWord().lowercased()
        if word == "pr" { return path.map { .present($0) } ?? .absent(nil) }
        guard let comparison = Filter.Comparison(rawValue: word) else {
            throw SCIMError(
                .invalidFilter,
                "`\(word)` is not an operator; after \(name) stands eq, ne, co, sw, ew, gt, ge, lt, le or pr")
        }
        guard peek == 0x20 else { throw unexpected("a space and a value") }
        skipSpaces()
        let literal = try parseLiteral()
        guard let path else { return .absent(comparison) }
        return .compare(path, comparison, try Filter.Operand(literal, comparing: path, by: comparison))
    }

    /// Nil: another resource type's attribute.
    private static func resolve(_ name: String, in scope: FilterScope) throws(SCIMError) -> AttributePath? {
        switch scope {
        case .element(let path):
            if let sub = path.attribute.subAttribute(name) {
                return AttributePath(extensionID: path.extensionID, attribute: path.attribute, subAttribute: sub)
            }
            // RFC 7643 §2.4: a multi-valued simple attribute's own values go by `value`.
            if path.attribute.type != .complex, name.lowercased() == "value" { return path }
        case .resource(let type):
            if case .attribute(let path) = type.resolve(name) { return path }
        case .anyResource(let type):
            if case .attribute(let path) = type.resolve(name) { return path }
            for other in ResourceType.allCases where other.resolve(name) != .unknown { return nil }
        }
        throw SCIMError(.invalidFilter, "\(SCIMText.printable(name)) is not an attribute here")
    }

    private mutating func parseName() throws(SCIMError) -> String {
        let start = position
        while let byte = peek, Self.isNameByte(byte) { position += 1 }
        guard position > start else { throw unexpected("an attribute name") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func parseWord() -> String {
        let start = position
        while let byte = peek, Self.isNameByte(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A JSON string, number, true, false or null; the last three in any case.
    private mutating func parseLiteral() throws(SCIMError) -> JSON {
        let start = position
        if peek == UInt8(ascii: "\"") {
            position += 1
            var isPlain = true
            while let byte = peek, byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\\") {
                    isPlain = false
                    position += 1
                }
                if byte < 0x20 { isPlain = false }
                position += 1
            }
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a closing quotation mark") }
            position += 1
            if isPlain, let text = String(validating: bytes[(start + 1)..<(position - 1)], as: UTF8.self) {
                return .string(text)
            }
        } else {
            while let byte = peek, byte != 0x20, byte != UInt8(ascii: ")"), byte != UInt8(ascii: "]") { position += 1 }
            switch String(decoding: bytes[start..<position], as: UTF8.self).lowercased() {
            case "true": return true
            case "false": return false
            case "null": return nil
            default: break
            }
        }
        do { return try JSON(parsing: bytes[start..<position]) } catch {
            position = start
            throw unexpected("a JSON value: a string in quotation marks, a number, true, false or null")
        }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpaces() { while peek == 0x20 { position += 1 } }

    /// A logical operator, in any case, with something after it that cannot continue a name.
    private mutating func skipWord(_ word: StaticString) -> Bool {
        let start = position
        skipSpaces()
        let matches = word.withUTF8Buffer { letters in
            bytes.count - position >= letters.count
                && letters.indices.allSatisfy { bytes[position + $0] | 0x20 == letters[$0] }
        }
        if matches {
            position += word.utf8CodeUnitCount
            if peek == 0x20 || peek == UInt8(ascii: "(") { return true }
        }
        position = start
        return false
    }

    private mutating func descend() throws(SCIMError) {
        depth += 1
        guard depth <= limits.depth else {
            throw SCIMError(.invalidFilter, "the filter is nested deeper than \(limits.depth)")
        }
    }

    private func unexpected(_ wanted: String) -> SCIMError {
        let rest = String(decoding: bytes[min(position, bytes.count)...].prefix(40), as: UTF8.self)
        let found = rest.isEmpty ? "the end" : "`\(SCIMText.printable(rest, limit: 30))`"
        return SCIMError(
            .invalidFilter, "at character \(position + 1) of the filter: expected \(wanted), found \(found)")
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "$"):
            true
        default: false
        }
    }
}
