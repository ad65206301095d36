import Gateway
import HTTPClient
import Identity
import IdentityProviders
import NetworkAddresses
import OpenIDConnect
import SAML

/// One HTTP client for each identity provider: its own CA file, and whether its addresses may be private.
struct ProviderClientPool: Sendable {
    private let clients: [ProviderID: HTTPClient]

    init(_ providers: [IdentityProvider]) throws(HTTPError) {
        var clients: [ProviderID: HTTPClient] = [:]
        for provider in providers {
            clients[provider.id] =
                switch provider {
                case .openIDConnect(let provider):
                    try Self.client(
                        allowsLoopback: provider.allowPlainHTTPOnLoopback,
                        allowsPrivate: provider.allowPrivateAddresses, caFile: provider.caFile)
                case .saml(let provider):
                    try Self.client(
                        allowsLoopback: provider.allowPlainHTTPOnLoopback,
                        allowsPrivate: provider.allowPrivateAddresses, caFile: provider.caFile)
                }
        }
        self.clients = clients
    }

    private static func client(
        allowsLoopback: Bool, allowsPrivate: Bool, caFile: String?
    ) throws(HTTPError) -> HTTPClient {
        let addresses: HTTPClientPolicy.Addresses =
            allowsPrivate ? .any : .publicOnly { allowsLoopback && Self.isLoopback($0) }
        return try HTTPClient(
            policy: HTTPClientPolicy(
                addresses: addresses, allowPlainHTTPOnLoopback: allowsLoopback, caFile: caFile))
    }

    var fetch: ProviderFetch {
        let clients = clients
        return ProviderFetch { provider, request throws(HTTPError) in
            guard let client = clients[provider] else { throw .shutDown }
            return try await client.send(request)
        }
    }

    private static func isLoopback(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return IPPrefix("127.0.0.0/8")?.contains(address) == true || IPPrefix("::1/128")?.contains(address) == true
    }
}
