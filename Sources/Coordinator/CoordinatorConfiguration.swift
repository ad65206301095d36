package import NetworkAddresses

/// What an administrator decides about the mesh.
package struct CoordinatorConfiguration: Hashable, Sendable {
    /// The server's URL, as devices name it: `aud` of registrations and `iss` of what we sign.
    package var serverURL: String
    /// Where new nodes get their IPv4 address from; those that exist keep theirs when it changes. At most /27.
    package var ipv4: IPPrefix
    /// The same for IPv6, at most /96; nil: a random ULA prefix, made at first start and kept.
    package var ipv6: IPPrefix?
    /// How long a node authorization lives at most, in seconds: from a minute to a day.
    package var authorizationLifetime: Int
    /// Deltas kept for each node, so that a reconnecting stream can go on where it was.
    package var historyLimit: Int
    /// Messages that may wait for a slow subscriber; beyond, they are dropped and it gets a snapshot.
    package var subscriberLimit: Int

    package init(
        serverURL: String, ipv4: IPPrefix? = nil, ipv6: IPPrefix? = nil, authorizationLifetime: Int = 3600,
        historyLimit: Int = 64, subscriberLimit: Int = 64
    ) throws(CoordinatorError) {
        // RFC 6598: the shared address space, which neither homes nor companies use inside.
        guard let ipv4 = ipv4 ?? IPPrefix(.v4(0x6440_0000), length: 10) else { throw .prefix("no IPv4 prefix") }
        self.serverURL = serverURL
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.authorizationLifetime = min(max(60, authorizationLifetime), 86_400)
        self.historyLimit = max(0, historyLimit)
        self.subscriberLimit = max(1, subscriberLimit)
    }
}
