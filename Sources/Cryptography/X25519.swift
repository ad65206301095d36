internal import Crypto

/// A node key's public half: 32 bytes, written in standard base64 by WireGuard's tools, base64url in our documents.
package struct X25519PublicKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == 32, bytes.contains(where: { $0 != 0 }) else { throw .invalidKey }
        self.bytes = bytes
    }

    package init(base64url text: String) throws(CryptographyError) {
        guard let bytes = Base64URL.decode(text) else { throw .invalidKey }
        try self.init(bytes)
    }

    package var base64url: String { Base64URL.encode(bytes) }
    /// 64 lower-case hexadecimal digits: the cross-platform configuration protocol's form.
    package var hexadecimal: String { Hexadecimal.encode(bytes) }
}

/// A node key (WireGuard): made on the device, in locked memory.
package final class X25519PrivateKey: Sendable {
    package let publicKey: X25519PublicKey
    private let scalar: SecretBytes

    /// Takes the 32 bytes out of `source` and wipes it.
    package init(taking source: inout [UInt8]) throws(CryptographyError) {
        guard source.count == 32 else { throw .invalidKey }
        scalar = try SecretBytes(taking: &source)
        do {
            let key = try scalar.withBytes { bytes in try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes) }
            publicKey = try X25519PublicKey(Array(key.publicKey.rawRepresentation))
        } catch { throw .invalidKey }
    }

    package convenience init(from randomness: Randomness) throws(CryptographyError) {
        var bytes = randomness.bytes(32)
        try self.init(taking: &bytes)
    }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try scalar.withBytes(body)
    }
}

package enum Hexadecimal {
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var output: [UInt8] = []
        for byte in bytes { output.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]]) }
        return String(decoding: output, as: UTF8.self)
    }

    package static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var output: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 {
            guard let digit = Character(Unicode.Scalar(character)).hexDigitValue, character < 0x80 else { return nil }
            if let first = high {
                output.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        return output
    }
}
