internal import Compression
package import Cryptography
internal import SAML
package import SignedXML
internal import Synchronization
internal import WebAddresses

/// A small SAML identity provider without sockets and without latency: signs its account in at once.
///
/// `alter` lets a test spoil each response before it is signed; `use` changes who sits at the browser.
package final class InProcessSAMLProvider: Sendable {
    package struct Account: Hashable, Sendable {
        package var nameID: String
        package var email: String
        package var groups: [String]

        package init(nameID: String, email: String, groups: [String]) {
            self.nameID = nameID
            self.email = email
            self.groups = groups
        }
    }

    private struct State {
        var account: Account
        var key: SigningKey
        var offersOnlyPost = false
        var alter: @Sendable (inout SAMLResponseDraft) -> Void = { _ in }
        /// The pages of responses, in order, for tests that present one twice.
        var sent: [(response: String, relayState: String)] = []
        var logoutRequests: [String] = []
        var signOnRequests: [String] = []
    }

    /// `https://…`, without a path; also the start of its entity ID.
    package let origin: String
    package var entityID: String { origin + "/metadata" }
    private let clock: @Sendable () -> Int
    private let randomness: Randomness
    private let state: Mutex<State>

    package init(
        origin: String, account: Account, key: SigningKey, randomness: Randomness = .system,
        clock: @escaping @Sendable () -> Int
    ) {
        self.origin = origin
        self.clock = clock
        self.randomness = randomness
        state = Mutex(State(account: account, key: key))
    }

    /// An RSA key of 2048 bits with a certificate for itself.
    package static func newKey(_ name: String, now: Int) throws -> SigningKey {
        let key = try RSAPrivateKey()
        let certificate = try key.selfSignedCertificate(commonName: name, now: now, randomness: .system)
        return try key.withPEM { try SigningKey(privateKey: Array($0), certificate: Array(certificate.pem.utf8)) }
    }

    package func use(_ account: Account) { state.withLock { $0.account = account } }
    package func use(_ key: SigningKey) { state.withLock { $0.key = key } }
    package func offerOnlyPost() { state.withLock { $0.offersOnlyPost = true } }

    /// Changes the responses to come.
    package func alter(_ change: @escaping @Sendable (inout SAMLResponseDraft) -> Void) {
        state.withLock { $0.alter = change }
    }

    package var sent: [(response: String, relayState: String)] { state.withLock { $0.sent } }
    /// The XML of the sign-ons that we were asked for, in order.
    package var signOnRequests: [String] { state.withLock { $0.signOnRequests } }
    /// The XML of the log-outs that we were asked for.
    package var logoutRequests: [String] { state.withLock { $0.logoutRequests } }

    /// Any request to this origin, from the browser or from the service provider.
    /// `account` overrides who sits at the browser.
    package func answer(_ request: WebRequest, as account: Account? = nil) throws -> WebResponse {
        let parts = request.url.dropFirst(origin.count).split(separator: "?", maxSplits: 1)
        let items = FormEncoding.decode(
            request.method == "POST"
                ? String(decoding: request.body, as: UTF8.self) : parts.count > 1 ? String(parts[1]) : "",
            limit: 1 << 20)
        let fields = Dictionary((items ?? []).map { ($0.name, $0.value) }) { first, _ in first }
        switch parts.first {
        case "/metadata": return WebResponse(status: 200, headers: [], body: Array(metadata.utf8))
        case "/sso": return try signOn(fields, isDeflated: request.method == "GET", as: account)
        case "/slo": return try logout(fields)
        default: return WebResponse(status: 404, headers: [], body: [])
        }
    }

    package var metadata: String {
        let (key, offersOnlyPost) = state.withLock { ($0.key, $0.offersOnlyPost) }
        let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-" + (offersOnlyPost ? "POST" : "Redirect")
        return """
            <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(entityID)">\
            <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor>\
            <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\
            \(Base64Text.encode(key.certificate.certificate))</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
            </md:KeyDescriptor><md:SingleLogoutService Binding="\(binding)" Location="\(origin)/slo"/>\
            <md:SingleSignOnService Binding="\(binding)" Location="\(origin)/sso"/></md:IDPSSODescriptor>\
            </md:EntityDescriptor>
            """
    }

    private func signOn(
        _ fields: [String: String], isDeflated: Bool, as account: Account?
    ) throws -> WebResponse {
        let xml = try Self.message(fields["SAMLRequest"] ?? "", isDeflated: isDeflated)
        state.withLock { $0.signOnRequests.append(String(decoding: xml, as: UTF8.self)) }
        let request = try XMLDocument(parsing: xml).root
        let acs = request.attribute("AssertionConsumerServiceURL") ?? ""
        return try respond(
            to: request.attribute("ID"), acs: acs, audience: request.children.first?.text ?? "",
            relayState: fields["RelayState"] ?? "", as: account)
    }

    /// The page whose form the browser posts to the service provider. `requestID` nil: nobody asked for it.
    package func respond(
        to requestID: String?, acs: String, audience: String, relayState: String, as person: Account? = nil
    ) throws -> WebResponse {
        let (present, key, alter) = state.withLock { ($0.account, $0.key, $0.alter) }
        let account = person ?? present
        let now = clock()
        var draft = SAMLResponseDraft(
            id: "_" + Hexadecimal.encode(randomness.bytes(16)),
            assertionID: "_" + Hexadecimal.encode(randomness.bytes(16)),
            issuer: entityID, destination: acs, recipient: acs, audience: audience, inResponseTo: requestID,
            nameID: account.nameID, sessionIndex: "s-" + account.nameID,
            attributes: [("email", [account.email]), ("groups", account.groups)], issuedAt: now,
            notOnOrAfter: now + 300)
        alter(&draft)
        let response = Base64Text.encode(try draft.document(signedBy: key))
        state.withLock { $0.sent.append((response, relayState)) }
        return Self.page(to: acs, [("SAMLResponse", response), ("RelayState", relayState)])
    }

    /// Where a browser would be sent to sign this person out at the service provider.
    package func logoutRequestURL(
        to serviceProvider: String, nameID: String, sessionIndexes: [String] = [], id: String? = nil
    ) throws -> String {
        let (here, there) = try parties(serviceProvider)
        let request = LogoutRequest(
            id: id ?? MessageID.make(from: randomness),
            nameID: try NameID(nameID, format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            sessionIndexes: sessionIndexes)
        guard
            case .redirect(let url) = try request.outgoing(
                from: here, to: there, relayState: try RelayState("idp-state"), now: clock())
        else { throw WalkthroughError.unexpected("the log-out is no redirect") }
        return url
    }

    /// The same as a form, whose message is signed inside.
    package func logoutRequest(to serviceProvider: String, nameID: String) throws -> String {
        let now = SAMLTime.format(clock())
        let text = """
            <samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="\(MessageID.make(from: randomness))" \
            Version="2.0" IssueInstant="\(now)" Destination="\(serviceProvider)/slo">\
            <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">\(entityID)</saml:Issuer>\
            <saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
            Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">\(nameID)</saml:NameID></samlp:LogoutRequest>
            """
        return Base64Text.encode(try state.withLock { $0.key }.signed(Array(text.utf8)))
    }

    /// Signs the person out, and says so to the service provider that asked.
    private func logout(_ fields: [String: String]) throws -> WebResponse {
        guard let text = fields["SAMLRequest"] else {
            return WebResponse(status: 200, headers: [], body: Array("bye".utf8))
        }
        let xml = try Self.inflated(text)
        state.withLock { $0.logoutRequests.append(String(decoding: xml, as: UTF8.self)) }
        let root = try XMLDocument(parsing: xml).root
        let (here, there) = try parties(root.children.first?.text.map { String($0.dropLast("/metadata".count)) } ?? "")
        guard
            case .redirect(let url) = try LogoutResponse(inResponseTo: root.attribute("ID") ?? "").outgoing(
                id: MessageID.make(from: randomness), from: here, to: there, relayState: fields["RelayState"],
                now: clock())
        else { throw WalkthroughError.unexpected("the answer is no redirect") }
        return WebResponse(status: 303, headers: [("Location", url)], body: [])
    }

    /// Both sides as the log-out sees them: us as the sender, and whoever is at `serviceProvider` + "/slo".
    private func parties(_ serviceProvider: String) throws -> (ServiceProvider, IdPDescription) {
        let key = state.withLock { $0.key }
        let own = try EndpointURL(parsing: origin + "/slo")
        let slo = try EndpointURL(parsing: serviceProvider + "/slo")
        return (
            ServiceProvider(entityID: entityID, acsURL: own, sloURL: own, key: key),
            try IdPDescription(
                entityID: serviceProvider, ssoURL: slo, sloURL: slo, certificates: [key.certificate.certificate],
                now: clock())
        )
    }

    private static func message(_ text: String, isDeflated: Bool) throws -> [UInt8] {
        try isDeflated ? inflated(text) : Base64Text.decode(text) ?? []
    }

    private static func inflated(_ text: String) throws -> [UInt8] {
        guard let deflated = Base64Text.decode(text) else {
            throw WalkthroughError.unexpected("a message that is no base64")
        }
        return try Deflate.decompress(deflated, limit: 65_536)
    }

    package static func page(to action: String, _ fields: [(name: String, value: String)]) -> WebResponse {
        let inputs = fields.map { "<input type=\"hidden\" name=\"\($0.name)\" value=\"\($0.value)\">" }.joined()
        let html = "<form method=\"post\" action=\"\(action)\">\(inputs)<button type=\"submit\">Go on</button></form>"
        return WebResponse(status: 200, headers: [("Content-Type", "text/html")], body: Array(html.utf8))
    }
}
