internal import Cryptography
internal import HTTPClient
internal import Identity
internal import Logging
internal import SAML
internal import SignedXML
internal import Store
internal import WebAddresses

/// What we hold of each SAML provider: its description, read again when its metadata asks for that.
///
/// When it cannot be had anew the last good one stays, also over a restart, until its own `validUntil`; then nobody signs
/// in there. One load at a time for a provider; after a failure the next one is tried five minutes later.
actor SAMLProviderClients {
    static let retrySeconds = 300

    private struct Holding {
        var description: IdPDescription?
        var fetchedAt = 0
        var triedAt: Int?
        var load: Task<Result<IdPMetadataSource.Loaded, ProviderFault>, Never>?
    }

    private let services: GatewayServices
    private let saml: SAMLServices
    private var holdings: [ProviderID: Holding] = [:]

    init(services: GatewayServices, saml: SAMLServices) {
        self.services = services
        self.saml = saml
    }

    func description(of provider: SAMLProviderConfiguration) async throws(ProviderFault) -> IdPDescription {
        let now = services.clock()
        let holding = holdings[provider.id, default: Holding()]
        if let description = holding.description, !description.isExpired(at: now) {
            let isDue = description.shouldRefresh(fetchedAt: holding.fetchedAt, now: now)
            guard isDue, mayTry(holding, now: now) else { return description }
        }
        return try await loaded(provider, now: now)
    }

    /// For a signature by a key that we do not know: the provider may have changed it. Nil when it was asked just now.
    func descriptionAnew(of provider: SAMLProviderConfiguration) async throws(ProviderFault) -> IdPDescription? {
        let now = services.clock()
        guard let holding = holdings[provider.id], now - holding.fetchedAt >= Self.retrySeconds,
            mayTry(holding, now: now)
        else { return nil }
        return try await loaded(provider, now: now)
    }

    /// False when what is held of the provider, or configured, has no single logout.
    func mayHaveLogout(_ provider: SAMLProviderConfiguration) -> Bool {
        if case .inline(_, _, nil, _) = provider.source { return false }
        return holdings[provider.id]?.description.map { $0.logout != nil } ?? true
    }

    /// At start and whenever an administrator wishes: however old what is held. What fails is logged.
    func readAnew(_ provider: SAMLProviderConfiguration) async {
        do throws(ProviderFault) { _ = try await loaded(provider, now: services.clock()) } catch {
            services.logger.error(
                "no metadata: nobody can sign in here until it can be had",
                metadata: ["provider": "\(provider.id)", "reason": "\(error.metadataExplanation)"])
        }
    }

    /// When what is held of each provider was fetched; nothing for those that nobody has asked for yet.
    func ages(now: Int) -> [ProviderID: Int] {
        holdings.compactMapValues { $0.description == nil ? nil : now - $0.fetchedAt }
    }

    private func mayTry(_ holding: Holding, now: Int) -> Bool {
        holding.load != nil || holding.triedAt.map { now - $0 >= Self.retrySeconds || now < $0 } ?? true
    }

    private func loaded(_ provider: SAMLProviderConfiguration, now: Int) async throws(ProviderFault) -> IdPDescription {
        let task: Task<Result<IdPMetadataSource.Loaded, ProviderFault>, Never>
        if let running = holdings[provider.id]?.load {
            task = running
        } else {
            let source = source(of: provider)
            task = Task { await source.load(now: now) }
            holdings[provider.id, default: Holding()].load = task
            holdings[provider.id]?.triedAt = now
        }
        let result = await task.value
        let isFirst = holdings[provider.id]?.load == task
        if isFirst { holdings[provider.id]?.load = nil }
        switch result {
        case .success(let loaded):
            guard isFirst else { return loaded.description }
            holdings[provider.id]?.description = loaded.description
            holdings[provider.id]?.fetchedAt = now
            holdings[provider.id]?.triedAt = nil
            note(loaded.description, of: provider)
            if case .url(let url) = provider.source, let document = loaded.document {
                await keep(document, of: provider, from: url, at: now)
            }
            return loaded.description
        case .failure(let fault): return try await lastGood(of: provider, now: now, instead: fault)
        }
    }

    private func lastGood(
        of provider: SAMLProviderConfiguration, now: Int, instead fault: ProviderFault
    ) async throws(ProviderFault) -> IdPDescription {
        if holdings[provider.id]?.description == nil, let kept = await kept(of: provider, now: now) {
            holdings[provider.id]?.description = kept.description
            holdings[provider.id]?.fetchedAt = kept.fetchedAt
        }
        guard let holding = holdings[provider.id], let description = holding.description else { throw fault }
        let facts: Logger.Metadata = [
            "provider": "\(provider.id)", "reason": "\(fault.explanation)",
            "age": "\(max(0, now - holding.fetchedAt) / 3600) h",
        ]
        guard !description.isExpired(at: now) else {
            services.logger.error("metadata is past its validUntil, and cannot be had anew", metadata: facts)
            throw .metadataExpired
        }
        services.logger.warning("metadata cannot be had anew: the last good one stays in use", metadata: facts)
        return description
    }

    private func note(_ description: IdPDescription, of provider: SAMLProviderConfiguration) {
        services.logger.info(
            "metadata read",
            metadata: [
                "provider": "\(provider.id)", "entity": "\(description.entityID)",
                "keys": "\(description.signingKeys.map(\.fingerprint).joined(separator: ", "))",
            ])
        for note in description.notes {
            services.logger.notice("metadata", metadata: ["provider": "\(provider.id)", "note": "\(note)"])
        }
    }

    private func source(of provider: SAMLProviderConfiguration) -> IdPMetadataSource {
        IdPMetadataSource(
            provider: provider, fetch: services.fetch, readFile: saml.readFile, workers: saml.workers)
    }

    // The last good document is a setting: when and from where it was fetched, then the document.

    private static func setting(_ provider: ProviderID) -> String { "saml-metadata/\(provider.text)" }

    private func keep(
        _ document: [UInt8], of provider: SAMLProviderConfiguration, from url: EndpointURL, at now: Int
    ) async {
        let text = "\(now) \(url.text)\n" + String(decoding: document, as: UTF8.self)
        do { try await services.store.write { try $0.setSetting(Self.setting(provider.id), to: text) } } catch {
            services.logger.warning(
                "metadata cannot be kept for the next start",
                metadata: ["provider": "\(provider.id)", "reason": "\(error)"])
        }
    }

    private func kept(
        of provider: SAMLProviderConfiguration, now: Int
    ) async -> (description: IdPDescription, fetchedAt: Int)? {
        guard case .url(let url) = provider.source,
            let text = try? await services.store.read({ try $0.setting(Self.setting(provider.id)) }),
            let end = text.utf8.firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let head = text[..<end].split(separator: " ", maxSplits: 1)
        guard head.count == 2, let fetchedAt = Int(head[0]), head[1] == url.text else { return nil }
        let document = Array(text.utf8[text.utf8.index(after: end)...])
        guard case .success(let loaded) = await source(of: provider).parse(document, now: now) else { return nil }
        return (loaded.description, fetchedAt)
    }
}
