internal import Cryptography
internal import Identity
internal import Logging
internal import SCIM
internal import Store
package import StrictJSON

/// What an operator asks and does about SCIM: tokens, status, the sync log, and the word that held removals wait for.
///
/// Answers are JSON as the control socket sends them; times are seconds since the epoch.
package struct ProvisioningAdministration: Sendable {
    /// In words for the operator.
    package struct Failure: Error, Hashable, Sendable {
        package let explanation: String
    }

    let flow: ProvisioningFlow
    let configuration: GatewayConfiguration
    let services: GatewayServices

    func connection(_ name: String) throws(Failure) -> ProvisioningConnection {
        if let connection = ProviderID(name).flatMap({ flow.connections[$0] }) { return connection }
        let names = flow.connections.keys.map(\.text).sorted()
        throw Failure(
            explanation: names.isEmpty
                ? "no identity provider had `scim:` in the configuration file when this server started: add it, and restart the server"
                : "no connection with SCIM is called so; there is \(names.joined(separator: ", "))")
    }

    package func url(of name: String) throws(Failure) -> JSON {
        let provider = try connection(name).provider
        return [
            "connection": .string(provider.text),
            "url": .string(ProvisioningConnection.url(of: provider, serverURL: configuration.serverURL)),
        ]
    }

    // Tokens: shown once, kept as a hash.

    /// With `isOAuthClient`, the secret of a client of that id, which gets its access tokens by it.
    package func createToken(
        of name: String, called label: String, lifetime: Int?, isOAuthClient: Bool = false
    ) async throws -> JSON {
        let provider = try connection(name).provider
        guard (1...64).contains(label.utf8.count), SCIMText.printable(label) == label else {
            throw Failure(explanation: "a token's name is 1 to 64 bytes without controls")
        }
        let (token, text) = try newToken(
            of: provider, called: label, use: isOAuthClient ? .oauthClient : .bearer, lifetime: lifetime)
        try await services.store.write { try $0.save(token) }
        services.logger.notice(
            "provisioning token made", metadata: ["connection": "\(provider)", "token": "\(token.id)"])
        return shown(token, text)
    }

    /// This once.
    private func shown(_ token: ProvisioningToken, _ text: String) -> JSON {
        guard var members = Self.json(token).objectValue else { return .null }
        guard token.use == .oauthClient else {
            members["token"] = .string(text)
            return .object(members)
        }
        members["client_id"] = .string(token.id.text)
        members["client_secret"] = .string(text)
        members["token_endpoint"] = .string(
            ProvisioningTokenEndpoint.url(of: token.provider, serverURL: configuration.serverURL))
        return .object(members)
    }

    private func newToken(
        of provider: ProviderID, called label: String, use: ProvisioningToken.Use, lifetime: Int?
    ) throws -> (ProvisioningToken, String) {
        guard let id = RecordID(services.randomness.identifier()) else {
            throw Failure(explanation: "no random bytes")
        }
        let now = services.clock()
        let text = (use == .bearer ? "ztna_scim_" : "ztna_scim_secret_") + services.randomness.token(32)
        return (
            ProvisioningToken(
                id: id, use: use, provider: provider, hash: Digest.sha256(text), name: label, createdAt: now,
                expiresAt: try lifetime.map { seconds throws(Failure) in try Self.end(of: seconds, from: now) }), text
        )
    }

    /// An hour of a million years is a slip of the hand.
    private static let longestLifetime = 100 * 366 * 86_400

    private static func end(of seconds: Int, from now: Int) throws(Failure) -> Int {
        let (end, overflow) = now.addingReportingOverflow(seconds)
        guard (0...longestLifetime).contains(seconds), !overflow else {
            throw Failure(explanation: "a duration is at least 0 and at most 36,600 days")
        }
        return end
    }

    package func tokens(of name: String?) async throws -> JSON {
        let providers = try name.map { [try connection($0).provider] } ?? allProviders
        let tokens = try await services.store.read { reader in
            try providers.flatMap { try reader.provisioningTokens(of: $0) }
        }
        let now = services.clock()
        return .array(tokens.map { Self.json($0, state: Self.state(of: $0, now: now)) })
    }

    /// A new token beside the old one, which goes on for `overlap` seconds. `id` nil: the connection's only valid token.
    package func rotateToken(of name: String, id: String?, overlap: Int) async throws -> JSON {
        let provider = try connection(name).provider
        let now = services.clock()
        let (token, text) = try await services.store.write { transaction in
            let valid = try transaction.provisioningTokens(of: provider).filter { $0.isValid(at: now) }
            guard var old = id.map({ id in valid.first { $0.id.text == id } }) ?? (valid.count == 1 ? valid[0] : nil)
            else {
                throw Failure(
                    explanation: id == nil
                        ? "the connection has \(valid.count) valid tokens: say which by --token"
                        : "the connection has no valid token of that id")
            }
            let end = try Self.end(of: overlap, from: now)
            old.expiresAt = min(old.expiresAt ?? end, end)
            try transaction.save(old)
            let (token, text) = try newToken(of: provider, called: old.name, use: old.use, lifetime: nil)
            try transaction.save(token)
            return (token, text)
        }
        services.logger.notice(
            "provisioning token rotated", metadata: ["connection": "\(provider)", "token": "\(token.id)"])
        return shown(token, text)
    }

    package func revokeToken(of name: String, id: String) async throws -> JSON {
        let provider = try connection(name).provider
        let now = services.clock()
        let token = try await services.store.write { transaction in
            guard let record = RecordID(id), var token = try transaction.provisioningToken(record),
                token.provider == provider, token.named == token.id
            else { throw Failure(explanation: "the connection has no token of that id") }
            token.revokedAt = token.revokedAt ?? now
            try transaction.save(token)
            return token
        }
        services.logger.notice(
            "provisioning token revoked", metadata: ["connection": "\(provider)", "token": "\(token.id)"])
        return Self.json(token, state: "revoked")
    }

    // The sync log.

    /// The last `limit` lines, or those after `sequence`.
    package func log(of name: String, after sequence: Int?, limit: Int) async throws -> JSON {
        let provider = try connection(name).provider
        // Whoever looks sees also what would wait for its minute.
        await flow.writeRefusals(of: provider, now: services.clock(), all: sequence == nil)
        let bounded = min(max(1, limit), 1000)
        let lines = try await services.store.read { reader in
            try sequence.map { try reader.syncLog(of: provider, after: $0, limit: bounded) }
                ?? reader.syncLog(of: provider, last: bounded)
        }
        return .array(lines.map(Self.json))
    }

    /// Lets held removals of a connection pass for an hour, from now.
    package func confirm(hold id: String) async throws -> JSON {
        let now = services.clock()
        let hold = try await services.store.write { transaction in
            guard let record = RecordID(id), var hold = try transaction.removalHold(record) else {
                throw Failure(explanation: "nothing is held under that id: `ztna-server scim status` lists what is")
            }
            hold.confirmedAt = now
            try transaction.save(hold)
            return hold
        }
        services.logger.notice(
            "held removals confirmed", metadata: ["connection": "\(hold.provider)", "hold": "\(hold.id)"])
        return Self.json(hold)
    }

    var allProviders: [ProviderID] { flow.connections.keys.sorted { $0.text < $1.text } }

    /// Tokens are called `ending` for their last 14 days: time to paste another one at the provider.
    private static let endingFor = 14 * 86_400

    static func state(of token: ProvisioningToken, now: Int) -> String {
        if token.revokedAt != nil { return "revoked" }
        guard let end = token.expiresAt else { return "valid" }
        guard now < end else { return "expired" }
        return end - now <= endingFor ? "ending" : "valid"
    }

    private static func json(_ token: ProvisioningToken, state: String = "valid") -> JSON {
        [
            "id": .string(token.id.text), "connection": .string(token.provider.text), "name": .string(token.name),
            "kind": token.use == .oauthClient ? "oauth-client" : "bearer",
            "state": .string(state), "created_at": .integer(token.createdAt),
            "last_used_at": token.lastUsedAt.map { .integer($0) } ?? .null,
            "expires_at": token.expiresAt.map { .integer($0) } ?? .null,
        ]
    }

    private static func json(_ line: SyncLogRecord) -> JSON {
        [
            "sequence": .integer(line.sequence), "connection": .string(line.provider.text),
            "at": .integer(line.at.milliseconds / 1000), "method": .string(line.method), "path": .string(line.path),
            "status": .integer(line.status), "resource": line.resource.map { .string($0) } ?? .null,
            "changes": .array(line.changes.map { .string($0) }), "notes": .array(line.notes.map { .string($0) }),
            "refusal": line.refusal.map { .string($0) } ?? .null,
            "token": line.token.map { .string($0.text) } ?? .null,
        ]
    }

    static func json(_ hold: RemovalHold) -> JSON {
        [
            "hold": .string(hold.id.text), "connection": .string(hold.provider.text),
            "since": .integer(hold.createdAt), "last_at": .integer(hold.lastAt), "people": .integer(hold.people),
            "of": .integer(hold.total), "confirmed_at": hold.confirmedAt.map { .integer($0) } ?? .null,
        ]
    }
}
