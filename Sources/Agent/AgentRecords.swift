package import Cryptography
package import Identity
internal import SignedDocuments
internal import StrictJSON

/// What the agent remembers besides keys: `settings.json`.
package struct AgentSettings: Hashable, Sendable {
    package static let fileName = "settings.json"
    /// The server of the last sign-in.
    package var server: ServerURL?
    /// False after `ztna down`.
    package var isUp: Bool
    /// Where WireGuard listens; chosen once, so that candidates stay good.
    package var listenPort: UInt16

    package init(server: ServerURL? = nil, isUp: Bool = true, listenPort: UInt16) {
        self.server = server
        self.isUp = isUp
        self.listenPort = listenPort
    }

    /// From the dynamic range. Source: RFC 6335 §6.
    package init(choosingPortFrom randomness: Randomness) {
        self.init(listenPort: 49_152 + UInt16(clamping: randomness.uniform(below: 16_384)))
    }

    var json: JSON {
        var members: [String: JSON] = ["up": .bool(isUp), "listen_port": .integer(Int(listenPort))]
        if let server { members["server"] = .string(server.text) }
        return .object(members)
    }

    init(_ members: JSONMembers) throws {
        server = try members.optionalString("server").map { text in
            guard let url = ServerURL(text) else { throw JSONError.member("server") }
            return url
        }
        isUp = try members.bool("up")
        guard let port = UInt16(exactly: try members.integer("listen_port")), port > 0 else {
            throw JSONError.member("listen_port")
        }
        listenPort = port
    }
}

/// The session this device holds: `session.json`. The refresh token never goes to a log.
package struct SessionRecord: Hashable, Sendable {
    package static let fileName = "session.json"
    package var server: ServerURL
    package var session: SessionID
    package var refreshToken: String
    /// Seconds since the epoch.
    package var expiresAt: Int
    /// Names a refresh whose answer has not come yet; the same one is asked again after a lost answer or a crash.
    package var attempt: String?

    package init(server: ServerURL, session: SessionID, refreshToken: String, expiresAt: Int, attempt: String? = nil) {
        self.server = server
        self.session = session
        self.refreshToken = refreshToken
        self.expiresAt = expiresAt
        self.attempt = attempt
    }

    var json: JSON {
        var members: [String: JSON] = [
            "server": .string(server.text), "session": .string(session.text),
            "refresh_token": .string(refreshToken), "expires_at": .integer(expiresAt),
        ]
        if let attempt { members["attempt"] = .string(attempt) }
        return .object(members)
    }

    init(_ members: JSONMembers) throws {
        guard let server = ServerURL(try members.string("server")) else { throw JSONError.member("server") }
        guard let session = SessionID(try members.string("session")) else { throw JSONError.member("session") }
        self.server = server
        self.session = session
        refreshToken = try members.string("refresh_token")
        expiresAt = try members.integer("expires_at")
        attempt = try members.optionalString("attempt")
    }
}

/// The control keys met at the first sign-in to each server: `control-keys.json`, `{server: [JWK]}`.
package struct PinnedControlKeys: Hashable, Sendable {
    package static let fileName = "control-keys.json"
    package private(set) var servers: [String: [Ed25519PublicKey]] = [:]

    package init() {}

    /// By key id, as documents name them.
    package func keys(of server: ServerURL) -> [String: Ed25519PublicKey] {
        Dictionary((servers[server.text] ?? []).map { ($0.thumbprint, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package mutating func pin(_ keys: [Ed25519PublicKey], of server: ServerURL) { servers[server.text] = keys }

    var json: JSON { .object(servers.mapValues { .array($0.map(\.jwk)) }) }

    init(_ members: JSONMembers) throws {
        for server in members.members.keys {
            guard ServerURL(server)?.text == server else { throw JSONError.member("server") }
            let keys = try members.array(server).map { try Ed25519PublicKey(jwk: $0) }
            guard !keys.isEmpty else { throw JSONError.member(server) }
            servers[server] = keys
        }
    }
}
