internal import HTTPClient
internal import Identity
internal import OpenIDConnect

/// What we hold of each provider: its metadata and keys, fetched when needed, by one fetch at a time.
///
/// Metadata is used for an hour; when a renewal fails, the last good one stays. Keys: `JWKSCache`.
actor ProviderClients {
    static let metadataSeconds = 3600

    private struct Holding {
        var metadata: ProviderMetadata?
        var fetchedAt = Int.min
        var keys = JWKSCache()
        var metadataFetch: Task<Result<ProviderMetadata, ProviderFault>, Never>?
        var keyFetch: Task<ProviderFault?, Never>?
    }

    private let fetch: ProviderFetch
    private let clock: @Sendable () -> Int
    private var holdings: [ProviderID: Holding] = [:]

    init(fetch: ProviderFetch, clock: @escaping @Sendable () -> Int) {
        self.fetch = fetch
        self.clock = clock
    }

    func metadata(of provider: ProviderConfiguration) async throws(ProviderFault) -> ProviderMetadata {
        let holding = holdings[provider.id, default: Holding()]
        let now = clock()
        if let metadata = holding.metadata, now - holding.fetchedAt < Self.metadataSeconds { return metadata }
        let task: Task<Result<ProviderMetadata, ProviderFault>, Never>
        if let running = holding.metadataFetch {
            task = running
        } else {
            let fetch = fetch
            task = Task { await ProviderRequests(provider: provider, fetch: fetch).metadata() }
            holdings[provider.id, default: Holding()].metadataFetch = task
        }
        let result = await task.value
        holdings[provider.id]?.metadataFetch = nil
        switch result {
        case .success(let metadata):
            holdings[provider.id]?.metadata = metadata
            holdings[provider.id]?.fetchedAt = now
            return metadata
        case .failure(let fault):
            guard let held = holding.metadata else { throw fault }
            return held
        }
    }

    /// The key that a token names. An unknown key id makes us fetch the keys again, at most every 30 s.
    func key(for token: UnverifiedIDToken, of provider: ProviderConfiguration) async throws(ProviderFault) -> JSONWebKey
    {
        let metadata = try await metadata(of: provider)
        // Twice at most: a fetch, then the answer from what it brought. One that failed is not repeated for the same token:
        // that would multiply the time that a provider can keep a sign-in waiting.
        for _ in 0..<3 {
            switch holdings[provider.id, default: Holding()].keys.key(for: token, now: clock()) {
            case .use(let key): return key
            case .refused(let error): throw .idToken(error)
            case .fetch: if let fault = await fetchKeys(of: provider, at: metadata) { throw fault }
            case .wait: if let fault = await holdings[provider.id]?.keyFetch?.value { throw fault }
            }
        }
        throw .idToken(.unknownKey(token.keyID ?? ""))
    }

    private func fetchKeys(of provider: ProviderConfiguration, at metadata: ProviderMetadata) async -> ProviderFault? {
        let task = Task<ProviderFault?, Never> {
            switch await ProviderRequests(provider: provider, fetch: fetch).keys(at: metadata.jwksURI) {
            case .success(let keys):
                holdings[provider.id, default: Holding()].keys.received(keys, now: clock())
                return nil
            case .failure(let fault):
                holdings[provider.id, default: Holding()].keys.failed()
                return fault
            }
        }
        holdings[provider.id, default: Holding()].keyFetch = task
        return await task.value
    }
}
