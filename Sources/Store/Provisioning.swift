package import Identity
package import SCIM

/// What a provisioning client shows: its hash, never itself.
package struct ProvisioningToken: Hashable, Sendable {
    package enum Use: Hashable, Sendable {
        /// A bearer token that an administrator made.
        case bearer
        /// The secret of an OAuth client, whose name is `id`: good for access tokens alone.
        case oauthClient
        /// A bearer token that this client was given; good for no longer than the client is.
        case accessToken(of: RecordID)
    }

    package let id: RecordID
    package let use: Use
    package let provider: ProviderID
    /// SHA-256 of the token, which is 256 random bits.
    package let hash: [UInt8]
    /// What the administrator calls it.
    package var name: String
    package let createdAt: Int
    /// To the next ten minutes or so.
    package var lastUsedAt: Int?
    /// Nil: until it is revoked. Set when it is rotated.
    package var expiresAt: Int?
    package var revokedAt: Int?

    package init(
        id: RecordID, use: Use = .bearer, provider: ProviderID, hash: [UInt8], name: String, createdAt: Int,
        lastUsedAt: Int? = nil, expiresAt: Int? = nil, revokedAt: Int? = nil
    ) {
        self.id = id
        self.use = use
        self.provider = provider
        self.hash = hash
        self.name = name
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
    }

    package func isValid(at now: Int) -> Bool { revokedAt == nil && expiresAt.map { now < $0 } != false }
}

/// One line of a connection's sync log, as kept.
package struct SyncLogRecord: Hashable, Sendable {
    /// Strictly growing, given by the store: 0 in what is not stored yet.
    package var sequence: Int
    package var provider: ProviderID
    /// The token that the request came with.
    package var token: RecordID?
    package var at: Timestamp
    package var method: String
    package var path: String
    package var status: Int
    package var resource: String?
    package var changes: [String]
    package var notes: [String]
    package var refusal: String?

    package init(
        sequence: Int = 0, provider: ProviderID, token: RecordID?, at: Timestamp, method: String, path: String,
        status: Int, resource: String? = nil, changes: [String] = [], notes: [String] = [], refusal: String? = nil
    ) {
        self.sequence = sequence
        self.provider = provider
        self.token = token
        self.at = at
        self.method = method
        self.path = path
        self.status = status
        self.resource = resource
        self.changes = changes
        self.notes = notes
        self.refusal = refusal
    }

    package init(_ entry: SyncLogEntry, provider: ProviderID, token: RecordID?) {
        self.init(
            provider: provider, token: token, at: entry.at, method: entry.method, path: entry.path,
            status: entry.status, resource: entry.resource, changes: entry.changes, notes: entry.notes,
            refusal: entry.refusal)
    }
}

/// Removals of people that wait for an administrator's word.
package struct RemovalHold: Hashable, Sendable {
    package let id: RecordID
    package let provider: ProviderID
    package let createdAt: Int
    /// When a request was last held back.
    package var lastAt: Int
    /// How many people that request would have brought the hour's removals to, and of how many.
    package var people: Int
    package var total: Int
    package var confirmedAt: Int?

    package init(
        id: RecordID, provider: ProviderID, createdAt: Int, lastAt: Int, people: Int, total: Int,
        confirmedAt: Int? = nil
    ) {
        self.id = id
        self.provider = provider
        self.createdAt = createdAt
        self.lastAt = lastAt
        self.people = people
        self.total = total
        self.confirmedAt = confirmedAt
    }
}

/// What keeps a connection running beside its directory: tokens, the sync log, and the guard over removals.
package protocol ProvisioningReader {
    func provisioningToken(_ id: RecordID) throws -> ProvisioningToken?
    func provisioningToken(hash: [UInt8]) throws -> ProvisioningToken?
    /// All that administrators made, revoked ones too, the oldest first; no access tokens.
    func provisioningTokens(of provider: ProviderID) throws -> [ProvisioningToken]

    /// After `sequence`, oldest first, at most `limit`.
    func syncLog(of provider: ProviderID, after sequence: Int, limit: Int) throws -> [SyncLogRecord]
    /// The last ones, oldest first, at most `limit`.
    func syncLog(of provider: ProviderID, last limit: Int) throws -> [SyncLogRecord]

    /// Users who were deactivated, deleted or removed from a group since then.
    func usersRemoved(of provider: ProviderID, since moment: Int) throws -> Set<String>
    func removalHold(_ id: RecordID) throws -> RemovalHold?
    /// The newest first, at most ten.
    func removalHolds(of provider: ProviderID) throws -> [RemovalHold]
}

package protocol ProvisioningWriter: ProvisioningReader {
    /// Inserts or replaces by id; hashes are unique.
    func save(_ token: ProvisioningToken) throws
    /// Deletes the client's access tokens that have expired, and those beyond its newest `kept`.
    func deleteAccessTokens(of client: RecordID, expiredAt now: Int, keeping kept: Int) throws

    /// The store gives the sequence.
    func appendSyncLog(_ record: SyncLogRecord) throws
    /// Deletes the oldest lines: those from before `moment` (in seconds), and each provider's beyond its newest `kept`; at
    /// most `limit` of either kind. The number deleted.
    func deleteSyncLog(before moment: Int, keeping kept: Int, limit: Int) throws -> Int

    func noteRemovals(of users: Set<String>, of provider: ProviderID, at now: Int) throws
    /// At most `limit`. The number deleted.
    func deleteRemovals(before moment: Int, limit: Int) throws -> Int
    /// Inserts or replaces by id.
    func save(_ hold: RemovalHold) throws
}
