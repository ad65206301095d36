internal import Audit
internal import Cryptography
internal import Identity
internal import IdentityProviders
internal import Logging
internal import SCIM
internal import Sessions
internal import Store

/// A provisioning request from its token to its answer: each that may write is one durable transaction, with what it
/// does to people and sessions, the change log and the sync log. Source: RFC 7644 §2, §3; DESIGN §7.
struct ProvisioningFlow: Sendable {
    let connections: [ProviderID: ProvisioningConnection]
    let services: GatewayServices
    let contacts = ProvisioningContacts()

    init(configuration: GatewayConfiguration, services: GatewayServices) {
        self.services = services
        let cursorKey = services.secrets.cursorKey.withBytes { Array($0) }
        var connections: [ProviderID: ProvisioningConnection] = [:]
        for provider in configuration.providers {
            connections[provider.id] = provider.provisioning.map {
                ProvisioningConnection(
                    provider.id, $0, serverURL: configuration.serverURL, cursorKey: cursorKey,
                    randomness: services.randomness)
            }
        }
        self.connections = connections
    }

    /// Seconds after which a use of a token is written down again, by a request that writes, and by one that reads.
    private static let (freshWhenWriting, freshWhenReading) = (60, 600)

    /// Whose request it is, as far as its token says.
    enum Admission: Sendable {
        case admitted(ProvisioningConnection, ProvisioningToken)
        /// All that is wrong alike: unknown connection, wrong, expired or revoked token, token of another connection.
        case unknown
        /// Seconds to wait: too much that was wrong came from this address.
        case wait(Int)
    }

    /// The token has ended since it was last looked at.
    struct TokenEnded: Error {}

    /// Who was right before is admitted at once; the transaction that answers looks at the token again.
    func authenticate(
        bearer: String?, connection name: String, address: String, now: Int
    ) async throws -> Admission {
        func admission(of token: ProvisioningToken) -> Admission {
            guard token.isValid(at: now), token.use != .oauthClient, token.provider.text == name,
                let connection = connections[token.provider]
            else { return .unknown }
            return .admitted(connection, token)
        }
        let hash = bearer.map { Digest.sha256($0) }
        if let known = hash.flatMap({ contacts.known(hash: $0) }), case .admitted = admission(of: known) {
            return admission(of: known)
        }
        if let wait = contacts.admitStranger(address: address, now: now) { return .wait(wait) }
        guard let hash, let token = try await services.store.read({ try $0.validToken(hash: hash, at: now) }),
            case .admitted(let connection, _) = admission(of: token)
        else { return .unknown }
        contacts.remember(token, address: address)
        return .admitted(connection, token)
    }

    /// A request that never came to the directory, for the sync log.
    func noteRefusal(
        _ words: String, status: Int, of request: (method: String, path: String), connection: ProvisioningConnection,
        token: ProvisioningToken, now: Int
    ) async {
        contacts.note(
            SyncLogRecord(
                provider: connection.provider, token: token.named, at: Timestamp(milliseconds: now &* 1000),
                method: SCIMText.printable(request.method, limit: 16),
                path: SCIMText.printable(request.path, limit: 200), status: status,
                refusal: SCIMText.printable(words, limit: 400)))
        await writeRefusals(of: connection.provider, now: now)
    }

    /// What cannot be written now is kept for the next minute.
    func writeRefusals(of provider: ProviderID, now: Int, all: Bool = false) async {
        let due = contacts.takeRefusals(of: provider, now: now, all: all)
        guard !due.isEmpty else { return }
        do {
            try await services.store.write { transaction in
                for (record, count) in due { try transaction.appendSyncLog(RefusalTally.line(record, count: count)) }
            }
        } catch { for (record, count) in due { contacts.note(record, count: count) } }
    }

    func answer(
        _ request: SCIMRequest, of connection: ProvisioningConnection, token: ProvisioningToken, now: Int
    ) async throws -> SCIMResponse {
        await writeRefusals(of: connection.provider, now: now)
        guard SCIMService.mayWrite(request) else { return try await read(request, connection, token, now) }
        do { return try await write(request, connection, token, now) } catch let held as RemovalGuard.Held {
            return try await hold(request, held, connection, token, now)
        }
    }

    /// Nothing of a successful read is written, but now and then that the token is in use.
    private func read(
        _ request: SCIMRequest, _ connection: ProvisioningConnection, _ token: ProvisioningToken, _ now: Int
    ) async throws -> SCIMResponse {
        let (outcome, token) = try await services.store.read { reader in
            guard let token = try reader.validToken(hash: token.hash, at: now) else { throw TokenEnded() }
            var directory = ConnectionDirectory(of: connection.provider, reading: reader)
            let outcome = try connection.service.respond(
                to: request, in: &directory, now: Timestamp(milliseconds: now &* 1000))
            return (outcome, token)
        }
        let isRefused = outcome.response.status >= 400
        if isRefused || token.isStale(at: now, after: Self.freshWhenReading) {
            try await services.store.write { transaction in
                try transaction.noteUse(of: token, at: now, after: Self.freshWhenWriting)
                guard isRefused else { return }
                for entry in outcome.log {
                    try transaction.appendSyncLog(
                        SyncLogRecord(entry, provider: connection.provider, token: token.named))
                }
            }
        }
        return outcome.response
    }

    private func write(
        _ request: SCIMRequest, _ connection: ProvisioningConnection, _ token: ProvisioningToken, _ now: Int
    ) async throws -> SCIMResponse {
        let guarded = RemovalGuard(
            provider: connection.provider, share: connection.configuration.holdRemovalsAbove, now: now)
        let (response, ended, log) = try await services.store.write {
            transaction -> (SCIMResponse, [SessionID], [SyncLogEntry]) in
            guard let token = try transaction.validToken(hash: token.hash, at: now) else { throw TokenEnded() }
            var directory = ConnectionDirectory(of: connection.provider, writing: transaction)
            let outcome = try connection.service.respond(
                to: request, in: &directory, now: Timestamp(milliseconds: now &* 1000))
            try guarded.check(outcome.effects, in: transaction)
            var effects = DirectoryEffects(connection.links, in: transaction, now: now)
            try effects.apply(outcome.effects, in: directory)
            try transaction.noteUse(of: token, at: now, after: Self.freshWhenWriting)
            for entry in outcome.log {
                try transaction.appendSyncLog(SyncLogRecord(entry, provider: connection.provider, token: token.named))
            }
            return (outcome.response, effects.ended, outcome.log)
        }
        for entry in log { services.audit.record(AuditEvent(entry, provider: connection.provider, token: token)) }
        if !ended.isEmpty {
            services.logger.notice(
                "sessions ended by the directory",
                metadata: ["connection": "\(connection.provider)", "sessions": "\(ended.count)"])
        }
        return response
    }

    private func hold(
        _ request: SCIMRequest, _ held: RemovalGuard.Held, _ connection: ProvisioningConnection,
        _ token: ProvisioningToken, _ now: Int
    ) async throws -> SCIMResponse {
        guard let newID = RecordID(services.randomness.identifier()) else { throw held }
        let guarded = RemovalGuard(
            provider: connection.provider, share: connection.configuration.holdRemovalsAbove, now: now)
        let words = "would bring the removals of this hour to \(held.people) of \(held.total) people"
        let (hold, isNew) = try await services.store.write { transaction in
            let result = try guarded.hold(held, newID: newID, in: transaction)
            try transaction.appendSyncLog(
                SyncLogRecord(
                    provider: connection.provider, token: token.named, at: Timestamp(milliseconds: now &* 1000),
                    method: SCIMText.printable(request.method, limit: 16),
                    path: SCIMText.printable("/" + request.path.joined(separator: "/"), limit: 200), status: 403,
                    refusal: "held (\(result.0.id)): \(words)"))
            return result
        }
        services.audit.record(
            AuditEvent(
                .administration, "scim-removals-held", .refused, at: now, actor: .provisioning(token: token.named.text),
                subject: AuditSubject(.hold, id: hold.id.text), provider: connection.provider.text, reason: words))
        services.logger.log(
            level: isNew ? .error : .warning,
            "removals are held back: confirm with `ztna-server scim confirm \(hold.id)` if they are meant",
            metadata: [
                "connection": "\(connection.provider)", "people": "\(held.people)", "of": "\(held.total)",
                "hold": "\(hold.id)",
            ])
        return SCIMResponse(
            SCIMError(
                .forbidden,
                "this \(words), more than is allowed unconfirmed; nothing was changed. An administrator of the server confirms with `ztna-server scim confirm \(hold.id)`; then send it again"
            ))
    }
}

extension AuditEvent {
    /// One line of the sync log that changed something, or was refused: without personal values.
    fileprivate init(_ entry: SyncLogEntry, provider: ProviderID, token: ProvisioningToken) {
        let kind: AuditSubject.Kind = entry.path.lowercased().hasPrefix("/groups") ? .group : .person
        self.init(
            .administration, "scim-" + entry.method.lowercased(), entry.status < 400 ? .success : .refused,
            at: entry.at.milliseconds / 1000, actor: .provisioning(token: token.named.text),
            subject: AuditSubject(kind, id: entry.resource?.split(separator: "/").last.map(String.init)),
            provider: provider.text,
            reason: entry.refusal ?? (entry.changes.isEmpty ? nil : entry.changes.joined(separator: ", ")))
    }
}

extension ProvisioningToken {
    /// What the administrator knows of it.
    var named: RecordID { if case .accessToken(let client) = use { client } else { id } }

    func isStale(at now: Int, after seconds: Int) -> Bool { lastUsedAt.map { now - $0 >= seconds } ?? true }
}

extension StoreReader {
    /// The bearer token of this hash, if it is one and good for anything now.
    func validToken(hash: [UInt8], at now: Int) throws -> ProvisioningToken? {
        guard let token = try provisioningToken(hash: hash), token.isValid(at: now) else { return nil }
        switch token.use {
        case .bearer: return token
        case .oauthClient: return nil
        case .accessToken(let client): return try provisioningToken(client)?.isValid(at: now) == true ? token : nil
        }
    }
}

extension StoreTransaction {
    func noteUse(of token: ProvisioningToken, at now: Int, after seconds: Int) throws {
        guard token.isStale(at: now, after: seconds) else { return }
        // As it is now: it may have been revoked meanwhile.
        guard var token = try provisioningToken(token.id), token.isStale(at: now, after: seconds) else { return }
        token.lastUsedAt = now
        try save(token)
    }
}
