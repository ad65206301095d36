internal import Glibc

extension JSON {
    /// Compact UTF-8 with member names in byte order: what has the same names and values has the same bytes.
    package func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        append(to: &output)
        return output
    }

    package func encodedText() -> String { String(decoding: encoded(), as: UTF8.self) }

    private func append(to output: inout [UInt8]) {
        switch self {
        case .null: Self.appendNull(to: &output)
        case .bool(let value): Self.append(bool: value, to: &output)
        case .integer(let value): Self.append(integer: value, to: &output)
        case .number(let value): output.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .string(let value): Self.append(string: value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.append(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: Self.isOrdered).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.append(string: member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.append(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func isOrdered(_ left: (key: String, value: JSON), _ right: (key: String, value: JSON)) -> Bool {
        var (left, right) = (left.key, right.key)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard let first = left.baseAddress, let second = right.baseAddress else {
                    return left.count < right.count
                }
                let order = memcmp(first, second, min(left.count, right.count))
                return order == 0 ? left.count < right.count : order < 0
            }
        }
    }

    static func appendNull(to output: inout [UInt8]) { output.append(contentsOf: "null".utf8) }

    static func append(bool: Bool, to output: inout [UInt8]) {
        output.append(contentsOf: (bool ? "true" : "false").utf8)
    }

    static func append(integer: Int, to output: inout [UInt8]) { output.append(contentsOf: String(integer).utf8) }

    static func append(string: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { bytes in
            guard bytes.contains(where: needsEscape) else { return output.append(contentsOf: bytes) }
            for byte in bytes { append(escaping: byte, to: &output) }
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func append(escaping byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x0A: output.append(contentsOf: "\\n".utf8)
        case 0..<0x20, 0x7F:
            let digits = String(byte, radix: 16)
            output.append(contentsOf: (digits.utf8.count == 1 ? "\\u000" : "\\u00").utf8)
            output.append(contentsOf: digits.utf8)
        default: output.append(byte)
        }
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}
