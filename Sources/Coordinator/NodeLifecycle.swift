package import Cryptography
package import Identity
package import NetworkAddresses
internal import Sessions
internal import SignedDocuments
package import Store
internal import StrictJSON
package import Wire

/// One device's place in the mesh, across all its sign-ins: at most one node, whatever happens in whatever order.
///
/// - The device key names the node. Log-out, expiry, a new sign-in and a new WireGuard key leave its id, addresses and
///   name alone; only an administrator's deletion ends it, and the next registration then makes a new one.
/// - Another person on the same device keeps node and addresses (they are the device's), but the tags go: a role given to
///   one person's machine must not pass to the next. They also go when nobody knows any more whose it was.
/// - A registration older than the one held is refused, so that an old WireGuard key or host name cannot be replayed.
/// - The session in the record stays after it has ended: it says who had the node last. What a node may do follows from
///   `standing`, never from the record alone.
package struct NodeLifecycle: Hashable, Sendable {
    /// Where a node lives: what never changes about it.
    package struct Place: Hashable, Sendable {
        package let id: NodeID
        package let ipv4: IPAddress
        package let ipv6: IPAddress

        package init(id: NodeID, ipv4: IPAddress, ipv6: IPAddress) {
            self.id = id
            self.ipv4 = ipv4
            self.ipv6 = ipv6
        }
    }

    /// A verified registration, and on whose behalf it comes.
    package struct Entry: Hashable, Sendable {
        package var session: SessionID
        package var person: PersonID
        package var device: DeviceID
        package var deviceKey: Ed25519PublicKey
        package var registration: NodeRegistration
        /// The compact JWS that says so.
        package var document: String

        package init(
            session: SessionID, person: PersonID, device: DeviceID, deviceKey: Ed25519PublicKey,
            registration: NodeRegistration, document: String
        ) {
            self.session = session
            self.person = person
            self.device = device
            self.deviceKey = deviceKey
            self.registration = registration
            self.document = document
        }
    }

    /// Whether the node is in the mesh now.
    package enum Standing: Hashable, Sendable {
        case absent
        /// `reason` is a `Session.End`, or `signed-out`.
        case signedOut(reason: String)
        /// Until then at the latest, in seconds since the epoch.
        case authorized(until: Int)
    }

    package private(set) var node: NodeRecord?
    /// Whom it was last registered for; nil when nobody knows.
    package private(set) var holder: PersonID?

    package init(node: NodeRecord? = nil, holder: PersonID? = nil) {
        self.node = node
        self.holder = node == nil ? nil : holder
    }

    package var place: Place? { node.map { Place(id: $0.id, ipv4: $0.ipv4, ipv6: $0.ipv6) } }

    /// Takes a registration in; `newPlace` is for a device that has no node. Errors: `staleRegistration`.
    package mutating func register(
        _ entry: Entry, host: HostName, newPlace: Place, now: Int
    ) throws(CoordinatorError) {
        if let node, let stored = StoredRegistration(node.registration),
            entry.registration.issuedAt < stored.issuedAt
        {
            throw .staleRegistration
        }
        var record =
            node
            ?? NodeRecord(
                id: newPlace.id, device: entry.device, devicePublicKey: entry.deviceKey.bytes, session: nil, host: host,
                operatingSystem: "", wireGuardKey: [], registration: "", ipv4: newPlace.ipv4, ipv6: newPlace.ipv6,
                tags: [], createdAt: now, updatedAt: now)
        if holder != entry.person { record.tags = [] }
        record.device = entry.device
        record.devicePublicKey = entry.deviceKey.bytes
        record.session = entry.session
        record.host = host
        record.operatingSystem = entry.registration.operatingSystem
        record.wireGuardKey = entry.registration.wireGuardKey.bytes
        record.registration = entry.document
        // The same again, as after a lost connection, is no change and costs no write.
        if record != node { record.updatedAt = now }
        node = record
        holder = entry.person
    }

    package mutating func assign(tags: Set<TagName>, now: Int) {
        guard node?.tags != tags else { return }
        node?.tags = tags
        node?.updatedAt = now
    }

    /// An administrator removed the node; the device may come back as a new one.
    package mutating func delete() {
        node = nil
        holder = nil
    }

    /// What the node may do now, given the session in its record.
    package func standing(under session: SessionTerms?, personIsActive: Bool, now: Int) -> Standing {
        guard let node else { return .absent }
        guard let session, node.session == session.id, node.device == session.device, session.person == holder else {
            return .signedOut(reason: "signed-out")
        }
        if let end = session.end { return .signedOut(reason: end.rawValue) }
        guard now < session.expiresAt else { return .signedOut(reason: "expired") }
        guard personIsActive else { return .signedOut(reason: "person-inactive") }
        return .authorized(until: session.expiresAt)
    }
}

/// What a registration of our own records says, read without verifying it again.
package struct StoredRegistration: Hashable, Sendable {
    package let issuedAt: Int
    package let hostName: String

    package init?(_ document: String) {
        guard let claims = try? JSONMembers(parsing: CompactJWS(parsing: document).payload),
            let issuedAt = try? claims.integer("iat"), let hostName = try? claims.string("host")
        else { return nil }
        self.issuedAt = issuedAt
        self.hostName = hostName
    }
}
