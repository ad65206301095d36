package import Identity
package import Sessions

/// Where the truth lives: records, in transactions. One protocol, two backends, one conformance suite.
///
/// Bodies are synchronous and pure over the records: they run inside a transaction, may be run on any thread, and must
/// not wait for anything. A body that throws leaves nothing behind. When `write` returns, the change survives power loss.
package protocol Store: Sendable {
    /// Runs alone among writers. Writers that arrive together may share one durable commit; each is still all or nothing.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value

    /// Sees one consistent state.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Value) async throws -> Value

    /// A sign-in as of some commit that is not older than the last write whose end anybody has heard of: what a page asks
    /// that shows it and changes nothing.
    func deviceAuthorization(_ id: RecordID) async throws -> DeviceAuthorization?

    /// Every change of the log after that one, as committed here; nil when they have to be read.
    func recentChanges(after sequence: Int) -> [RecentChanges.Change]?

    /// Yields after each commit that appended to the change log, coalesced; ends when the store closes.
    func changeSignals() async -> AsyncStream<Void>

    func close() async
}

extension Store {
    package func deviceAuthorization(_ id: RecordID) async throws -> DeviceAuthorization? {
        try await read { try $0.deviceAuthorization(id) }
    }

    package func recentChanges(after sequence: Int) -> [RecentChanges.Change]? { nil }
}

package protocol StoreReader: DirectoryReader, DirectoryOverview, ProvisioningReader, AuditReader, PolicyRecordReader {
    // Sign-ins under way, and finished ones until they expire.
    func deviceAuthorization(_ id: RecordID) throws -> DeviceAuthorization?
    func deviceAuthorization(deviceCodeHash: [UInt8]) throws -> DeviceAuthorization?
    func deviceAuthorization(userCodeHash: [UInt8]) throws -> DeviceAuthorization?
    /// The redirect that this `state` belongs to, or the answer that this handle does.
    func deviceAuthorization(stateHash: [UInt8]) throws -> DeviceAuthorization?
    /// Those with `expiresAt` after `now`.
    func openDeviceAuthorizations(now: Int) throws -> [DeviceAuthorization]

    func person(_ id: PersonID) throws -> PersonRecord?
    func person(provider: ProviderID, subject: String) throws -> PersonRecord?
    /// Those whom their provider's directory calls so, at most two: more than one is nobody in particular.
    func people(provider: ProviderID, directoryID: String) throws -> [PersonRecord]
    /// Those with this address, at most two.
    func people(provider: ProviderID, email: EmailAddress) throws -> [PersonRecord]
    func people() throws -> [PersonRecord]
    /// All groups of one person, each with the sources that say so. Those of the provisioned user whom the person is
    /// linked to count as `scim`, where they have names that policies can use.
    func memberships(of person: PersonID) throws -> [GroupName: Set<MembershipSource>]

    func session(_ id: SessionID) throws -> Session?
    /// Those not ended, whether or not their time is over.
    func openSessions() throws -> [Session]
    /// When each of them expires, without reading the rest.
    func openSessionExpiries() throws -> [SessionID: Int]
    func openSessions(of person: PersonID) throws -> [Session]
    func openSession(of device: DeviceID) throws -> Session?
    /// Those not ended whose SAML provider calls their person by this NameID, whatever its format and qualifiers.
    func openSessions(provider: ProviderID, nameID: String) throws -> [Session]
    /// Those not ended whose OpenID provider calls its own session so.
    func openSessions(provider: ProviderID, providerSession: String) throws -> [Session]

    func node(_ id: NodeID) throws -> NodeRecord?
    func node(device: DeviceID) throws -> NodeRecord?
    func nodes() throws -> [NodeRecord]
    /// At most `limit`, in the order of their ids, from the first after `id` on: for reading all without holding all.
    func nodes(after id: NodeID?, limit: Int) throws -> [NodeRecord]
    /// Whether an address is somebody's, or was until after `releasedAfter`.
    func isAddressTaken(_ ipv4: UInt32, releasedAfter: Int) throws -> Bool

    /// Rows after `sequence`, oldest first, at most `limit`.
    func changes(after sequence: Int, limit: Int) throws -> [ChangeRecord]
    func lastChangeSequence() throws -> Int

    func setting(_ name: String) throws -> String?
}

package protocol StoreTransaction: StoreReader, DirectoryWriter, ProvisioningWriter, AuditWriter, PolicyRecordWriter {
    /// Inserts or replaces by id. Throws `StoreError.conflict` when another record has one of its unique hashes.
    func save(_ authorization: DeviceAuthorization) throws
    func deleteDeviceAuthorizations(expiredBefore: Int) throws

    /// Inserts or replaces by id; (provider, subject) is unique.
    func save(_ person: PersonRecord) throws
    /// Makes the groups that `source` says this person is in exactly `groups`; other sources' stay. True if anything changed.
    func setMemberships(of person: PersonID, source: MembershipSource, to groups: Set<GroupName>) throws -> Bool

    /// Inserts or replaces by id. At most one session of a device is open: else `StoreError.conflict`.
    func save(_ session: Session) throws

    /// Deletes sessions that ended before then, oldest end first, at most `limit`; never one that a node names, since that
    /// says whose the node was. The number deleted.
    func deleteSessions(endedBefore: Int, limit: Int) throws -> Int

    /// Inserts or replaces by id; device, host name and addresses are unique. Records the addresses as taken.
    func save(_ node: NodeRecord) throws
    /// Removes it; its addresses stay reserved from `now` on, for `isAddressTaken` to judge.
    func deleteNode(_ id: NodeID, now: Int) throws

    /// Remembers that a provider's message (an assertion, a request) was used, by the hash of its ID. False when it was
    /// used before: then nothing may come of it. `expiresAt`: from then on the message is refused for its age.
    func rememberMessage(_ idHash: [UInt8], of provider: ProviderID, expiresAt: Int) throws -> Bool
    /// Deletes those expired before then, at most `limit`. The number deleted.
    func deleteMessages(expiredBefore: Int, limit: Int) throws -> Int

    func appendChange(_ subject: ChangeRecord.Subject, at now: Int) throws
    /// Deletes the oldest rows of the change log that are from before then, at most `limit`; the last row always stays,
    /// so that sequence numbers go on. The number deleted.
    func deleteChanges(before: Int, limit: Int) throws -> Int
    func setSetting(_ name: String, to value: String) throws
}
