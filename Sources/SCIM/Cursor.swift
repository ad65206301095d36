import Cryptography

/// Where the next page begins, given to the client as an opaque text that fits this query only.
///
///  0         1            9             17          33
///  ├ kind ───┼ position ──┼ expires ────┼ MAC ──────┤   kind u8: 1 after a sequence, 2 offset · u64 BE · seconds u64 BE
///
/// The MAC is HMAC-SHA-256, cut to 16 bytes, over the first 17 bytes and the query's fingerprint.
/// In base64url: unreserved characters only. Source: RFC 9865 §2.
struct Cursor {
    let start: PageStart

    private static let macLength = 16

    static func text(_ start: PageStart, expires: Int, query: String, key: [UInt8]) -> String {
        var bytes: [UInt8]
        switch start {
        case .after(let sequence): bytes = [1] + bigEndian(sequence)
        case .offset(let offset): bytes = [2] + bigEndian(offset)
        }
        bytes += bigEndian(expires)
        return Base64URL.encode(bytes + mac(bytes, query, key))
    }

    /// Errors: `invalidCursor`, `expiredCursor`.
    init(parsing text: String, query: String, key: [UInt8], now: Int) throws(SCIMError) {
        guard text.utf8.count <= 64, let bytes = Base64URL.decode(text), bytes.count == 17 + Self.macLength else {
            throw Self.invalid
        }
        let payload = Array(bytes[..<17])
        var difference: UInt8 = 0
        for (left, right) in zip(bytes[17...], Self.mac(payload, query, key)) { difference |= left ^ right }
        guard difference == 0 else { throw Self.invalid }
        guard Self.integer(payload[9..<17]) > now else {
            throw SCIMError(.expiredCursor, "the cursor has expired: begin again with the first page")
        }
        let position = Self.integer(payload[1..<9])
        start = payload[0] == 1 ? .after(sequence: position) : .offset(position)
    }

    private static let invalid = SCIMError(
        .invalidCursor, "the cursor is not one that this query was given: send an empty one for the first page")

    private static func mac(_ bytes: [UInt8], _ query: String, _ key: [UInt8]) -> [UInt8] {
        Array(Digest.hmacSHA256(Array("scim-cursor-v1".utf8) + bytes + Array(query.utf8), key: key).prefix(macLength))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: UInt64(bitPattern: Int64(value)) >> (56 - 8 * UInt64($0))) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int {
        Int(truncatingIfNeeded: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
