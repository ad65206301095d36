/// A JSON text, read strictly: UTF-8, unique member names, bounded depth, nothing after it.
///
/// Received objects lose their member order; `encoded()` sorts names.
/// Source: RFC 8259; RFC 7493 §2.3 (duplicate names are refused).
package enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits 64 bits.
    case integer(Int)
    /// Any other number; always finite.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
}

package enum JSONError: Error, Hashable, Sendable {
    /// Not JSON; `offset` is the byte at which reading stopped.
    case malformed(offset: Int)
    case duplicateName(String)
    case tooDeep
    case tooLong
    /// The member is absent or has another type than asked for.
    case member(String)
    case notAnObject
}

extension JSON {
    package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
    package var objectValue: [String: JSON]? { if case .object(let value) = self { value } else { nil } }
    package var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }

    /// Any number as a double: NumericDate may be fractional (RFC 7519 §2).
    package var numberValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}
