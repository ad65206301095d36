/// Names and values in queries and form bodies: `application/x-www-form-urlencoded`.
///
/// Encoding leaves only RFC 3986's unreserved characters bare, so its result is right in a query too. Decoding reads `+`
/// as a space and refuses broken escapes and ill-formed UTF-8. Source: RFC 6749 Appendix B; RFC 3986 §2.
package enum FormEncoding {
    package typealias Item = (name: String, value: String)

    package static func encode(_ text: String) -> String {
        guard !text.utf8.allSatisfy(EndpointURL.isUnreserved) else { return text }
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count * 2)
        for byte in text.utf8 {
            if EndpointURL.isUnreserved(byte) {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digit(byte >> 4))
                output.append(digit(byte & 15))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }

    package static func encode(_ items: [Item]) -> String {
        items.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
    }

    package static let contentType = "application/x-www-form-urlencoded"

    /// Nil when an escape is broken, the text is not UTF-8, or there are more than 64 items or `limit` bytes.
    package static func decode(_ text: String, limit: Int = 16 * 1_024) -> [Item]? {
        guard text.utf8.count <= limit else { return nil }
        // No more than one too many is cut off: a text of nothing but separators costs no more than any other.
        let parts = text.utf8.split(separator: UInt8(ascii: "&"), maxSplits: 64)
        guard parts.count <= 64 else { return nil }
        var items: [Item] = []
        for part in parts {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = halves.first, let name = decodePart(Array(first)),
                let value = decodePart(halves.count == 2 ? Array(halves[1]) : [])
            else { return nil }
            items.append((name, value))
        }
        return items
    }

    private static func decodePart(_ bytes: [UInt8]) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                // By the byte: strangers post half a megabyte of escapes.
                guard let high = digit(iterator.next()), let low = digit(iterator.next()) else { return nil }
                output.append(high << 4 | low)
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case let byte? where (0x30...0x39).contains(byte): byte - 0x30
        case let byte? where (0x41...0x46).contains(byte): byte - 0x37
        case let byte? where (0x61...0x66).contains(byte): byte - 0x57
        default: nil
        }
    }
}
