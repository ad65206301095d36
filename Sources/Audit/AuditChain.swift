internal import Cryptography
package import StrictJSON

/// One event in its place in the chain, with the bytes that the hash covers.
package struct AuditRecord: Hashable, Sendable {
    /// 1, 2, 3 …, without gaps.
    package let sequence: Int
    /// The event as canonical JSON: compact, member names in byte order.
    package let body: [UInt8]
    /// 32 bytes.
    package let hash: [UInt8]

    package init(sequence: Int, body: [UInt8], hash: [UInt8]) {
        self.sequence = sequence
        self.body = body
        self.hash = hash
    }

    /// Errors: `unreadable`.
    package func event() throws(AuditError) -> AuditEvent {
        guard let json = try? JSON(parsing: body) else { throw .unreadable }
        return try AuditEvent(json: json)
    }

    /// As people and other programs get it: the event's members, `sequence`, and `hash` in lower-case hex.
    package func json() throws(AuditError) -> JSON {
        guard var members = (try? JSON(parsing: body))?.objectValue else { throw .unreadable }
        members["sequence"] = .integer(sequence)
        members["hash"] = .string(Hexadecimal.encode(hash))
        return .object(members)
    }

    /// Reads what `json` wrote. The body is what is left without `sequence` and `hash`. Errors: `unreadable`.
    package init(json: JSON) throws(AuditError) {
        guard var members = json.objectValue, let sequence = members.removeValue(forKey: "sequence")?.integerValue,
            let hash = members.removeValue(forKey: "hash")?.stringValue.flatMap(Hexadecimal.decode), hash.count == 32
        else { throw .unreadable }
        self.init(sequence: sequence, body: JSON.object(members).encoded(), hash: hash)
    }
}

/// The end of the chain: what the next record is tied to.
///
/// Record n's hash is SHA-256 over
/// ```
/// //  0                16        48           56
/// //  ├ "ztna-audit-v1\0\0\0" ┼ hash n−1 ┼ n u64 BE ┼ body …
/// ```
/// so that no record can be changed, taken out, put in or moved without changing every hash after it.
package struct AuditChain: Hashable, Sendable {
    /// Of the last record; 0 before the first.
    package private(set) var sequence: Int
    /// The last record's; 32 zero bytes before the first.
    package private(set) var hash: [UInt8]

    package init(sequence: Int = 0, hash: [UInt8] = [UInt8](repeating: 0, count: 32)) {
        self.sequence = sequence
        self.hash = hash
    }

    package mutating func append(_ event: AuditEvent) -> AuditRecord {
        let body = event.json.encoded()
        let next = sequence &+ 1
        hash = Self.hash(after: hash, sequence: next, body: body)
        sequence = next
        return AuditRecord(sequence: next, body: body, hash: hash)
    }

    /// Whether this record is the next one, as it was written.
    package func fits(_ record: AuditRecord) -> Bool {
        record.sequence == sequence &+ 1
            && Self.hash(after: hash, sequence: record.sequence, body: record.body) == record.hash
    }

    static func hash(after previous: [UInt8], sequence: Int, body: [UInt8]) -> [UInt8] {
        var input = Array("ztna-audit-v1".utf8) + [0, 0, 0] + previous
        input.reserveCapacity(input.count + 8 + body.count)
        let number = UInt64(clamping: sequence)
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            input.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        input += body
        return Digest.sha256(input)
    }
}
