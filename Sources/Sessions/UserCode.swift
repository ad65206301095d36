/// What a person types: eight letters of the twenty consonants that cannot spell words, shown as `BCDF-GHJK`.
///
/// 20^8 = 2.56·10^10 codes. Source: RFC 8628 §6.1.
package struct UserCode: Hashable, Sendable, CustomStringConvertible {
    package static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
    package static let length = 8

    /// Eight upper-case letters without the dash.
    package let letters: String

    /// The code that a stream of random bytes gives, asked for block by block. A byte of the uneven rest, 240…255, gives no
    /// letter, so that all codes are equally likely.
    package init(from block: (_ number: UInt8) -> [UInt8]) {
        let count = UInt8(Self.alphabet.count)
        let fair = UInt8.max - UInt8.max % count
        var picked: [UInt8] = []
        var number: UInt8 = 0
        while picked.count < Self.length {
            picked += block(number).lazy.filter { $0 < fair }.map { Self.alphabet[Int($0 % count)] }
            number &+= 1
        }
        letters = String(decoding: picked.prefix(Self.length), as: UTF8.self)
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
