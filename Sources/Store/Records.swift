package import Identity
package import NetworkAddresses

/// A person of one identity provider, as its sign-ins (and later its directory) describe them.
package struct PersonRecord: Hashable, Sendable {
    package let id: PersonID
    package let provider: ProviderID
    /// The provider's stable name: OIDC `sub`. Unique within the provider.
    package let subject: String
    /// Another stable name that the provider gave at sign-in and its directory may use: OIDC `oid`, or the SAML NameID.
    package var directoryID: String?
    package var email: EmailAddress?
    package var displayName: String
    package var isActive: Bool
    package let createdAt: Int
    package var lastSignInAt: Int?

    package init(
        id: PersonID, provider: ProviderID, subject: String, directoryID: String? = nil, email: EmailAddress?,
        displayName: String, isActive: Bool, createdAt: Int, lastSignInAt: Int?
    ) {
        self.id = id
        self.provider = provider
        self.subject = subject
        self.directoryID = directoryID
        self.email = email
        self.displayName = displayName
        self.isActive = isActive
        self.createdAt = createdAt
        self.lastSignInAt = lastSignInAt
    }
}

extension PersonRecord {
    /// How logs and messages name this person: the e-mail address, else the display name.
    package var label: String { email?.text ?? displayName }
}

/// Where a membership comes from: only that source may remove it. Source: DESIGN §7.
package enum MembershipSource: String, Hashable, Sendable, CaseIterable {
    case scim
    case tokenClaim = "token-claim"
    case samlAttribute = "saml-attribute"
    case local
}

/// A node: one device key's place in the mesh. Its addresses and name stay its own across sign-ins.
package struct NodeRecord: Hashable, Sendable {
    package let id: NodeID
    package var device: DeviceID
    /// 32 bytes, Ed25519.
    package var devicePublicKey: [UInt8]
    /// The session it acts under; nil when it is signed out.
    package var session: SessionID?
    package var host: HostName
    package var operatingSystem: String
    /// 32 bytes, X25519.
    package var wireGuardKey: [UInt8]
    /// The compact JWS, signed by the device key, that says all this.
    package var registration: String
    package let ipv4: IPAddress
    package let ipv6: IPAddress
    package var tags: Set<TagName>
    /// An administrator said whether it is one of the organisation's managed devices; nil: nobody has.
    package var isManaged: Bool?
    /// Where it last spoke from; nil where no rule asks, so that nobody keeps what nobody needs.
    package var place: IPAddress?
    /// When it did, in seconds since the epoch, about: not each time is written down.
    package var placeSeenAt: Int?
    package let createdAt: Int
    package var updatedAt: Int

    package init(
        id: NodeID, device: DeviceID, devicePublicKey: [UInt8], session: SessionID?, host: HostName,
        operatingSystem: String, wireGuardKey: [UInt8], registration: String, ipv4: IPAddress, ipv6: IPAddress,
        tags: Set<TagName>, isManaged: Bool? = nil, createdAt: Int, updatedAt: Int
    ) {
        self.id = id
        self.device = device
        self.devicePublicKey = devicePublicKey
        self.session = session
        self.host = host
        self.operatingSystem = operatingSystem
        self.wireGuardKey = wireGuardKey
        self.registration = registration
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.tags = tags
        self.isManaged = isManaged
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// One row of the change log: what changed, for whoever follows. Source: DESIGN §7, §10.
package struct ChangeRecord: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case session(SessionID)
        case person(PersonID)
        case node(NodeID)
    }

    /// Strictly growing, without meaning beyond order.
    package let sequence: Int
    package let subject: Subject
    package let at: Int

    package init(sequence: Int, subject: Subject, at: Int) {
        self.sequence = sequence
        self.subject = subject
        self.at = at
    }
}
