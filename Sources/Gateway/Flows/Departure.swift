internal import SAML
internal import WebAddresses

/// How a browser leaves for its identity provider.
enum Departure: Sendable {
    case address(String)
    /// A form that the person sends off. Source: SAML Bindings 2.0 §3.5.
    case form(PostForm)
}

extension EndpointURL {
    /// As a browser compares it: scheme, host and, where it is not the usual one, port. Source: RFC 6454 §6.2.
    var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let usual = isSecure ? 443 : 80
        return (isSecure ? "https://" : "http://") + name + (port == usual ? "" : ":\(port)")
    }
}

extension Departure {
    init(_ message: OutgoingMessage) {
        switch message {
        case .redirect(let url): self = .address(url)
        case .post(let form): self = .form(form)
        }
    }
}
