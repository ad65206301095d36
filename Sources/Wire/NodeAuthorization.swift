package import AccessPolicy
package import Cryptography
package import Identity
package import NetworkAddresses
package import SignedDocuments
internal import StrictJSON

/// The short-lived word of the control key that a node belongs to a person, with everything a policy asks about it.
/// `ztna-node+jwt`; without one a node appears in nobody's netmap.
///
/// Claims: `iss`, `sub` (node id), `iat`, `exp`, `cnf.jwk` (device key), `reg` (the device's own registration),
/// `addr` (overlay addresses), `host`, `user` {`id`, `email`?, `name`}, `groups`, `tags`, `idp`, `sid`, `auth_time`?, `amr`, `acr`?,
/// `mfa_at`?, `session_at`?, `from`? {`addr`?, `country`?, `until`}, `managed`?, `posture`? {`at`, `checks`}. Source: DESIGN §4, §8.
package struct NodeAuthorization: Hashable, Sendable {
    package var issuer: String
    package var validity: Validity
    package var device: Ed25519PublicKey
    /// Compact JWS by the device key; verified together with this document.
    package var registration: String
    package var addresses: [IPAddress]
    package var principal: Principal
    package var session: SessionID
    package var authTime: Int?
    package var amr: [String]
    package var acr: String?
    package var mfaAt: Int?
    package var sessionStartedAt: Int?
    /// Only where a rule asks for it.
    package var origin: NodeOrigin?
    /// Nil: no administrator has said so.
    package var isManaged: Bool?
    package var posture: PostureReport?

    package init(
        issuer: String, validity: Validity, device: Ed25519PublicKey, registration: String, addresses: [IPAddress],
        principal: Principal, session: SessionID, authTime: Int?, amr: [String], acr: String?, mfaAt: Int?,
        sessionStartedAt: Int? = nil, origin: NodeOrigin? = nil, isManaged: Bool? = nil, posture: PostureReport? = nil
    ) {
        self.issuer = issuer
        self.validity = validity
        self.device = device
        self.registration = registration
        self.addresses = addresses
        self.principal = principal
        self.session = session
        self.authTime = authTime
        self.amr = amr
        self.acr = acr
        self.mfaAt = mfaAt
        self.sessionStartedAt = sessionStartedAt
        self.origin = origin
        self.isManaged = isManaged
        self.posture = posture
    }

    package func signed(by control: any Signer) throws -> String {
        var user: [String: JSON] = ["id": .string(principal.person.text), "name": .string(principal.displayName)]
        if let email = principal.email { user["email"] = .string(email.text) }
        var claims: [String: JSON] = [
            "iss": .string(issuer), "sub": .string(principal.node.text), "iat": .integer(validity.issuedAt),
            "exp": .integer(validity.expiresAt), "cnf": ["jwk": device.jwk], "reg": .string(registration),
            "addr": .array(addresses.map { .string($0.description) }), "host": .string(principal.host.text),
            "user": .object(user), "groups": .array(principal.groups.sorted().map { .string($0.text) }),
            "tags": .array(principal.tags.sorted().map { .string($0.text) }), "idp": .string(principal.provider.text),
            "sid": .string(session.text), "amr": .array(amr.map { .string($0) }),
        ]
        if let authTime { claims["auth_time"] = .integer(authTime) }
        if let acr { claims["acr"] = .string(acr) }
        if let mfaAt { claims["mfa_at"] = .integer(mfaAt) }
        if let sessionStartedAt { claims["session_at"] = .integer(sessionStartedAt) }
        claims["from"] = origin?.json
        if let isManaged { claims["managed"] = .bool(isManaged) }
        claims["posture"] = posture?.json
        return try SignedDocument.sign(
            .object(claims), type: .nodeAuthorization, by: control,
            header: ["kid": .string(control.publicKey.thumbprint)])
    }
}

/// A node authorization and the registration inside it, both verified: what an agent may act on.
package struct VerifiedNode: Hashable, Sendable {
    package let authorization: NodeAuthorization
    package let registration: NodeRegistration

    /// Checks the control key's signature and times, then the device's own signature over its WireGuard key.
    package init(
        verifying text: String, keys: [String: Ed25519PublicKey], server: String, now: Int
    ) throws(WireError) {
        do {
            let claims = try SignedDocument.verify(text, type: .nodeAuthorization, keys: keys)
            let validity = try Validity(checking: claims, now: now)
            authorization = try NodeAuthorization(claims: claims, validity: validity)
        } catch let error as DocumentError { throw .document(error) } catch let error as WireError {
            throw error
        } catch { throw .malformed("authorization") }
        guard authorization.issuer == server else { throw .mismatch("iss") }
        registration = try NodeRegistration(
            verifying: authorization.registration, device: authorization.device, server: server)
    }

    package var node: NodeID { authorization.principal.node }

    /// What conditions on this node as a source are asked of.
    package var context: Context {
        Context(
            authTime: authorization.authTime, mfaAt: authorization.mfaAt,
            sessionStartedAt: authorization.sessionStartedAt, posture: authorization.posture,
            address: authorization.origin?.address, country: authorization.origin?.country,
            placeUntil: authorization.origin?.until,
            operatingSystem: registration.systemName, isManaged: authorization.isManaged)
    }
}

extension NodeAuthorization {
    fileprivate init(claims: JSONMembers, validity: Validity) throws {
        let user = try claims.object("user")
        func required<Value>(_ name: String, _ value: Value?) throws(WireError) -> Value {
            guard let value else { throw .malformed(name) }
            return value
        }
        let principal = Principal(
            node: try required("sub", NodeID(claims.string("sub"))),
            host: try required("host", HostName(claims.string("host"))),
            person: try required("user", PersonID(user.string("id"))),
            email: try user.optionalString("email").map { try required("email", EmailAddress($0)) },
            displayName: try user.string("name"),
            provider: try required("idp", ProviderID(claims.string("idp"))),
            groups: Set(try claims.strings("groups").map { try required("groups", GroupName($0)) }),
            tags: Set(try claims.strings("tags").map { try required("tags", TagName($0)) }))
        let addresses = try claims.strings("addr").map { try required("addr", IPAddress($0)) }
        guard (1...4).contains(addresses.count) else { throw WireError.malformed("addr") }
        self.init(
            issuer: try claims.string("iss"), validity: validity,
            device: try Ed25519PublicKey(jwk: claims.object("cnf").members["jwk"] ?? .null),
            registration: try claims.string("reg"), addresses: addresses, principal: principal,
            session: try required("sid", SessionID(claims.string("sid"))),
            authTime: try claims.optionalInteger("auth_time"), amr: try claims.strings("amr"),
            acr: try claims.optionalString("acr"), mfaAt: try claims.optionalInteger("mfa_at"),
            sessionStartedAt: try claims.optionalInteger("session_at"),
            origin: try claims.members["from"].map { json throws(WireError) in try NodeOrigin(json: json) },
            isManaged: try claims.optionalBool("managed"),
            posture: try claims.members["posture"].map { json throws(WireError) in try PostureReport(json: json) })
    }
}
