package import Identity

/// Who did it.
package enum AuditActor: Hashable, Sendable {
    /// `id` and `label` are both nil where nobody has been identified.
    case person(id: String?, label: String?)
    /// A user of the server's machine, through the control socket.
    case administrator(uid: Int)
    /// A SCIM client, by the id of its token.
    case provisioning(token: String)
    /// The server by itself: a time has come, a file has changed.
    case server

    package static func person(_ id: PersonID, label: String?) -> AuditActor { .person(id: id.text, label: label) }
}

/// What it was done to.
package struct AuditSubject: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case session, node, person, group, policy, grant, provider, token, hold, request, audit
    }

    package var kind: Kind
    package var id: String?
    package var label: String?

    package init(_ kind: Kind, id: String?, label: String? = nil) {
        self.kind = kind
        self.id = id
        self.label = label
    }
}

/// One side of a connection attempt; all but the address is nil where no known node held it.
package struct AuditEnd: Hashable, Sendable {
    package var person: String?
    package var label: String?
    package var node: String?
    package var device: String?
    package var host: String?
    package var address: String?

    package init(
        person: String? = nil, label: String? = nil, node: String? = nil, device: String? = nil, host: String? = nil,
        address: String? = nil
    ) {
        self.person = person
        self.label = label
        self.node = node
        self.device = device
        self.host = host
        self.address = address
    }
}
