/// A filter whose attributes are known and whose values have their types. Source: RFC 7644 §3.4.2.2.
package indirect enum Filter: Hashable, Sendable {
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "eq"
        case notEqual = "ne"
        case contains = "co"
        case startsWith = "sw"
        case endsWith = "ew"
        case greater = "gt"
        case greaterOrEqual = "ge"
        case less = "lt"
        case lessOrEqual = "le"
    }

    /// What is compared with. `text` is folded where the attribute is not case-exact; `written` is as received.
    package enum Operand: Hashable, Sendable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String, written: String)
        case moment(Timestamp)
    }

    case compare(AttributePath, Comparison, Operand)
    case present(AttributePath)
    /// One element of the multi-valued attribute fulfils all of the filter, whose paths are sub-attributes.
    case element(AttributePath, Filter)
    case all([Filter])
    case any([Filter])
    case not(Filter)
    /// An attribute that this resource type does not have: without value, in a query across types.
    case absent(Comparison?)

    /// What received filters may be: longer or deeper ones are refused before they cost anything.
    package struct Limits: Hashable, Sendable {
        /// In UTF-8 bytes.
        package var length: Int
        /// Nested parentheses and brackets.
        package var depth: Int
        /// Comparisons.
        package var terms: Int

        package init(length: Int = 16_384, depth: Int = 24, terms: Int = 256) {
            self.length = length
            self.depth = depth
            self.terms = terms
        }
    }

    /// Whether an attribute's value decides; tells what has to be loaded.
    package func mentions(_ name: String) -> Bool {
        switch self {
        case .compare(let path, _, _), .present(let path): path.attribute.name == name
        case .element(let path, _): path.attribute.name == name
        case .all(let parts), .any(let parts): parts.contains { $0.mentions(name) }
        case .not(let part): part.mentions(name)
        case .absent: false
        }
    }
}
