/// Base64url without padding; decoding refuses anything that encoding would not produce.
///
/// Source: RFC 4648 §5; RFC 7515 §2. Trailing bits must be zero (RFC 4648 §3.5).
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        bytes.withContiguousStorageIfAvailable { encode($0) } ?? Array(bytes).withUnsafeBufferPointer { encode($0) }
    }

    package static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(text.utf8) }

    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let decoded = text.withContiguousStorageIfAvailable { decode($0) }
        return decoded ?? Array(text).withUnsafeBufferPointer { decode($0) }
    }

    private static func encode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let alphabet = alphabet
        return String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { output in
            var count = 0
            func put(_ bits: UInt32) {
                output[count] = alphabet[Int(bits & 63)]
                count += 1
            }
            var rest = bytes[...]
            // Three bytes are four characters.
            while rest.count >= 3 {
                let start = rest.startIndex
                let group = UInt32(rest[start]) << 16 | UInt32(rest[start + 1]) << 8 | UInt32(rest[start + 2])
                put(group >> 18)
                put(group >> 12)
                put(group >> 6)
                put(group)
                rest = rest[(start + 3)...]
            }
            guard let first = rest.first, let last = rest.last else { return count }
            put(UInt32(first) >> 2)
            guard rest.count == 2 else {
                put(UInt32(first) << 4)
                return count
            }
            put(UInt32(first) << 4 | UInt32(last) >> 4)
            put(UInt32(last) << 2)
            return count
        }
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        let values = values
        var isValid = true
        let output = [UInt8](unsafeUninitializedCapacity: text.count * 3 / 4) { output, count in
            var buffer: UInt32 = 0
            var bits: UInt32 = 0
            for character in text {
                let value = values[Int(character)]
                if value == 0xFF { isValid = false }
                buffer = (buffer << 6 | UInt32(value & 63)) & 0xFFFF
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    output[count] = UInt8(buffer >> bits & 0xFF)
                    count += 1
                }
            }
            if bits > 0, buffer & (1 << bits - 1) != 0 { isValid = false }
        }
        return isValid ? output : nil
    }
}
