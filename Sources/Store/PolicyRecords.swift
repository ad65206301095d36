package import AccessPolicy
package import Identity

/// One policy file that was put in force, whole: what `ztna-server policy history` shows and `rollback` puts back.
package struct PolicyRevisionRecord: Hashable, Sendable {
    /// Strictly growing, given by the store: 0 in what is not stored yet.
    package var sequence: Int
    /// As `Policy.revision` of the file alone. The same file may be in force more than once.
    package var revision: String
    /// The file's bytes.
    package var text: [UInt8]
    package var at: Int
    /// Who did it: an administrator, or "file" when the file was edited.
    package var by: String
    package var note: String?

    package init(sequence: Int = 0, revision: String, text: [UInt8], at: Int, by: String, note: String?) {
        self.sequence = sequence
        self.revision = revision
        self.text = text
        self.at = at
        self.by = by
        self.note = note
    }
}

/// Access that an administrator gave one person for a time. It stays stored when it is over: who had what, and why.
package struct TemporaryGrant: Hashable, Sendable {
    package let id: RecordID
    package let person: PersonID
    /// The person's address then; the rule names them by it.
    package let user: EmailAddress
    package let destination: Selector
    package let allow: [Service]
    package let createdAt: Int
    package let endsAt: Int
    package let by: String
    package let reason: String?
    package var revokedAt: Int?
    package var revokedBy: String?

    package init(
        id: RecordID, person: PersonID, user: EmailAddress, destination: Selector, allow: [Service], createdAt: Int,
        endsAt: Int, by: String, reason: String?, revokedAt: Int? = nil, revokedBy: String? = nil
    ) {
        self.id = id
        self.person = person
        self.user = user
        self.destination = destination
        self.allow = allow
        self.createdAt = createdAt
        self.endsAt = endsAt
        self.by = by
        self.reason = reason
        self.revokedAt = revokedAt
        self.revokedBy = revokedBy
    }

    package func isOpen(at now: Int) -> Bool { revokedAt == nil && now < endsAt }
}

package protocol PolicyRecordReader {
    /// The newest first, at most `limit`; without their text.
    func policyRevisions(last limit: Int) throws -> [PolicyRevisionRecord]
    /// The newest of those whose revision begins so, with its text.
    func policyRevision(beginning prefix: String) throws -> PolicyRevisionRecord?
    func temporaryGrant(_ id: RecordID) throws -> TemporaryGrant?
    /// Those that are neither over nor revoked, the oldest first.
    func temporaryGrants(openAt now: Int) throws -> [TemporaryGrant]
}

package protocol PolicyRecordWriter: PolicyRecordReader {
    /// The store gives the sequence. Revisions beyond what is kept leave in the same transaction, the oldest first.
    func append(_ revision: PolicyRevisionRecord, keeping bounds: PolicyHistoryBounds) throws
    /// False: that many are open when it is given, and it is not stored.
    func add(_ grant: TemporaryGrant, atMost limit: Int) throws -> Bool
    /// Inserts or replaces by id.
    func save(_ grant: TemporaryGrant) throws
}

/// How much of the policy's history is kept: the newest revisions within both bounds, and always the one in force and the one
/// before it, whatever their size.
package struct PolicyHistoryBounds: Hashable, Sendable {
    package let revisions: Int
    /// Of all files together.
    package let bytes: Int

    package static var standard: PolicyHistoryBounds { PolicyHistoryBounds(revisions: 1000, bytes: 256 << 20) }

    package init(revisions: Int, bytes: Int) {
        self.revisions = revisions
        self.bytes = bytes
    }
}
