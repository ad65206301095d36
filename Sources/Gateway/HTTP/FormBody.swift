/// A form body, read strictly: valid percent escapes, UTF-8, each name once, at most 64 fields.
///
/// Source: RFC 6749 appendix B, §3.1 (parameters MUST NOT be included more than once).
struct FormBody: Sendable {
    enum Failure: Error { case malformed, duplicate(String) }

    private let fields: [String: String]

    init(parsing bytes: some Collection<UInt8>) throws(Failure) {
        var fields: [String: String] = [:]
        // As an array: other collections are walked through a call for each byte.
        let pairs = Array(bytes).split(separator: UInt8(ascii: "&"))
        guard pairs.count <= 64 else { throw .malformed }
        for pair in pairs {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let nameBytes = parts.first, let name = Self.decode(nameBytes),
                let value = parts.count == 2 ? Self.decode(parts[1]) : ""
            else { throw .malformed }
            guard fields.updateValue(value, forKey: name) == nil else { throw .duplicate(name) }
        }
        self.fields = fields
    }

    /// Nil when absent or empty: an empty parameter is treated as omitted (RFC 6749 §3.1).
    subscript(_ name: String) -> String? {
        guard let value = fields[name], !value.isEmpty else { return nil }
        return value
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(where: isEscape) else { return String(validating: bytes, as: UTF8.self) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = hexDigit(iterator.next()), let low = hexDigit(iterator.next()) else { return nil }
                output.append(high << 4 | low)
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private static func isEscape(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "%") }

    private static func hexDigit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case let digit? where (0x30...0x39).contains(digit): digit - 0x30
        case let digit? where (0x41...0x46).contains(digit): digit - 0x37
        case let digit? where (0x61...0x66).contains(digit): digit - 0x57
        default: nil
        }
    }
}
