/// Header fields in the order of the wire; names compare without case, and may repeat.
package struct HTTPHeaders: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Field: Hashable, Sendable {
        package let name: String
        package internal(set) var value: String
    }

    package internal(set) var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of that name.
    package subscript(_ name: String) -> String? { fields.first { Self.same($0.name, name) }?.value }

    package func values(_ name: String) -> [String] { fields.filter { Self.same($0.name, name) }.map(\.value) }

    package mutating func append(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// One line of a response's header section, without its line end; a folded line continues the one before.
    /// Source: RFC 9112 §5, §5.2.
    mutating func append(line: [UInt8]) {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
            let start = bytes.drop(while: isBlank)
            let end = start.reversed().drop(while: isBlank).count
            return String(decoding: start.prefix(end), as: UTF8.self)
        }
        if let first = line.first, isBlank(first) {
            guard let last = fields.indices.last else { return }
            fields[last].value += " " + trimmed(line[...])
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            append(String(decoding: line[..<colon], as: UTF8.self), trimmed(line[(colon + 1)...]))
        }
    }

    /// ASCII only: a name outside it matches nothing but itself.
    private static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
