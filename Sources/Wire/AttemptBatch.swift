internal import AccessPolicy
package import StrictJSON

/// What an agent posts to `/v1/attempts`: connection attempts since the last batch, and how many it could not keep.
///
/// Body: `batch` (22 to 64 bytes of `[A-Za-z0-9_-]`; the same for every repetition of one batch, so that it is stored
/// once), `sent` (the agent's clock, seconds since the epoch), `records` (at most 1,000 `ConnectionRecord`s), `lost`
/// (attempts that are in no batch: dropped by the kernel or a full spool), `unattended`? (how many of `lost` came while no
/// agent was there to read the kernel's log). Answer: `{"stored": true}`.
package struct AttemptBatch: Hashable, Sendable {
    package static let largestCount = 1000
    package static let maximumBytes = 1 << 20

    package var id: String
    package var sentAt: Int
    package var records: [ConnectionRecord]
    package var lost: Int
    package var unattended: Int

    package init(id: String, sentAt: Int, records: [ConnectionRecord], lost: Int, unattended: Int = 0) {
        self.id = id
        self.sentAt = sentAt
        self.records = records
        self.lost = lost
        self.unattended = unattended
    }

    package var json: JSON {
        [
            "batch": .string(id), "sent": .integer(sentAt), "records": .array(records.map(\.json)),
            "lost": .integer(lost), "unattended": .integer(unattended),
        ]
    }

    /// Errors: `malformed`; a batch is taken whole or not at all.
    package init(parsing bytes: [UInt8]) throws(WireError) {
        do {
            let members = try JSONMembers(parsing: bytes, maximumBytes: Self.maximumBytes)
            id = try members.string("batch")
            guard (22...64).contains(id.utf8.count), id.utf8.allSatisfy(Self.isWordByte) else {
                throw WireError.malformed("batch")
            }
            sentAt = try members.integer("sent")
            lost = try members.integer("lost")
            unattended = try members.optionalInteger("unattended") ?? 0
            guard (0...(1 << 40)).contains(sentAt) else { throw WireError.malformed("sent") }
            guard (0...(1 << 40)).contains(lost) else { throw WireError.malformed("lost") }
            guard (0...lost).contains(unattended) else { throw WireError.malformed("unattended") }
            let list = try members.array("records")
            guard list.count <= Self.largestCount else { throw WireError.malformed("records") }
            records = try list.map { try ConnectionRecord(json: $0) }
        } catch let error as WireError { throw error } catch JSONError.member(let name) {
            throw .malformed(name)
        } catch { throw .malformed("batch") }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
