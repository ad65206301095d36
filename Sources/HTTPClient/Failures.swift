/// Why a request has no response.
package enum HTTPError: Error, Hashable, Sendable {
    /// Not an absolute http(s) URL of printable ASCII, or one with a user name in it.
    case invalidURL
    case schemeNotPermitted
    /// The host's numeric address, which the client's policy refuses.
    case addressNotPermitted(String)
    case nameNotResolved
    case connectFailed
    case timedOut
    /// What the TLS library says.
    case tlsFailed(String)
    case responseTooLarge
    case headersTooLarge
    case cancelled
    /// As many requests are waiting as the client takes.
    case tooManyRequests
    case shutDown
    /// A request that cannot be written or a response that is not HTTP; what was wrong.
    case protocolError(String)

    /// One sentence for whoever has to put it right.
    package var explanation: String {
        switch self {
        case .invalidURL: "the URL is not an absolute URL without user name, or holds characters that must be escaped"
        case .schemeNotPermitted: "the URL must begin with https:// (plain http only where loopback is allowed)"
        case .addressNotPermitted(let address):
            "the host's address \(address) is private or reserved; permit it with `allow_private_addresses: true` in the configuration if intended"
        case .nameNotResolved: "the host name has no address; check its spelling and this machine's DNS"
        case .connectFailed: "nothing answers at this host and port; check that it runs and that no firewall is between"
        case .timedOut: "no complete answer came in time; check the network and the load of the other side"
        case .tlsFailed(let reason): "no trusted TLS connection: \(reason); check certificate, name, clock and CA file"
        case .responseTooLarge: "the answer is larger than this request accepts; check that the URL is the right one"
        case .headersTooLarge: "the answer's header is larger than 64 KiB"
        case .cancelled: "the request was cancelled"
        case .tooManyRequests: "too many requests are waiting; try again later"
        case .shutDown: "this program is shutting down"
        case .protocolError(let reason): "the exchange broke off: \(reason)"
        }
    }
}
