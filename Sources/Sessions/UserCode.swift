package import Cryptography

/// What a person types: eight letters of the twenty consonants that cannot spell words, shown as `BCDF-GHJK`.
///
/// 20^8 = 2.56·10^10 codes. Source: RFC 8628 §6.1.
package struct UserCode: Hashable, Sendable, CustomStringConvertible {
    package static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
    package static let length = 8

    /// Eight upper-case letters without the dash.
    package let letters: String

    package init(from randomness: Randomness) {
        let picked = (0..<Self.length).map { _ in
            Self.alphabet[Int(randomness.uniform(below: UInt32(Self.alphabet.count)))]
        }
        letters = String(decoding: picked, as: UTF8.self)
    }

    /// Case, dashes and spaces do not matter (RFC 8628 §6.1); anything else outside the alphabet is no code.
    package init?(typed text: String) {
        guard text.utf8.count <= 32 else { return nil }
        let kept = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }.map { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte & ~0x20 : byte
        }
        guard kept.count == Self.length, kept.allSatisfy(Self.alphabet.contains) else { return nil }
        letters = String(decoding: kept, as: UTF8.self)
    }

    package var description: String { "\(letters.prefix(4))-\(letters.suffix(4))" }
}
