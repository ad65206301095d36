import Gateway
import HTTPClient
import Identity
import NetworkAddresses
import OpenIDConnect

/// One HTTP client for each identity provider: its own CA file, and whether its addresses may be private.
struct ProviderClientPool: Sendable {
    private let clients: [ProviderID: HTTPClient]

    init(_ providers: [ProviderConfiguration]) throws(HTTPError) {
        var clients: [ProviderID: HTTPClient] = [:]
        for provider in providers {
            let allowsLoopback = provider.allowPlainHTTPOnLoopback
            let addresses: HTTPClientPolicy.Addresses =
                provider.allowPrivateAddresses ? .any : .publicOnly { allowsLoopback && Self.isLoopback($0) }
            clients[provider.id] = try HTTPClient(
                policy: HTTPClientPolicy(
                    addresses: addresses, allowPlainHTTPOnLoopback: allowsLoopback, caFile: provider.caFile))
        }
        self.clients = clients
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
