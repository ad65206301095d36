internal import Cryptography
internal import Identity
internal import Sessions
internal import StrictJSON

/// A redirect and a sign-in as parts of a stored device authorization's JSON. Names that one version has written, the
/// next one reads: a sign-in may be under way while the server is brought up to date.
extension ProviderRedirect {
    func write(to writer: inout JSONWriter) {
        if case .openIDConnect(let codeVerifier) = exchange { writer.member("code_verifier", codeVerifier) }
        writer.member("nonce_bytes", bytes: randomBytes)
        if case .saml = exchange { writer.member("protocol", "saml") }
        writer.member("provider", provider.text)
        writer.member("requested_at", requestedAt)
    }

    init(_ members: JSONMembers, stateHash: [UInt8]) throws {
        let exchange: Exchange
        switch try members.optionalString("protocol") {
        case nil: exchange = .openIDConnect(codeVerifier: try members.string("code_verifier"))
        case "saml": exchange = .saml
        default: throw JSONError.member("protocol")
        }
        self.init(
            provider: try members.parsed("provider") { ProviderID($0) }, stateHash: stateHash,
            randomBytes: try members.bytes("nonce_bytes"), exchange: exchange,
            requestedAt: try members.integer("requested_at"))
    }
}

extension SignIn {
    func write(to writer: inout JSONWriter) {
        writer.member("acr", acr)
        writer.member("amr", amr)
        writer.member("auth_time", authTime)
        if let directoryID { writer.member("directory_id", directoryID) }
        writer.member("display_name", displayName)
        writer.member("email", email?.text)
        writer.member("groups", groups?.sorted().map(\.text))
        if case .idToken(let text) = evidence.statement { writer.member("id_token", text) }
        writer.member("is_multi_factor", isMultiFactor)
        writer.member("nonce_bytes", bytes: evidence.randomBytes)
        if let principal { writer.object("principal") { principal.write(to: &$0) } }
        writer.member("provider", provider.text)
        if let providerSession { writer.member("provider_session", providerSession) }
        if case .saml(let text) = evidence.statement { writer.member("saml", text) }
        writer.member("subject", subject)
        if let validUntil { writer.member("valid_until", validUntil) }
    }

    init(_ members: JSONMembers) throws {
        let groups = try members.optionalStrings("groups").map { names in
            try Set(
                names.map { name in
                    guard let group = GroupName(name) else { throw JSONError.member("groups") }
                    return group
                })
        }
        let statement: SignInEvidence.Statement =
            if let text = try members.optionalString("saml") { .saml(text) } else {
                .idToken(try members.string("id_token"))
            }
        self.init(
            provider: try members.parsed("provider") { ProviderID($0) }, subject: try members.string("subject"),
            directoryID: try members.optionalString("directory_id"),
            email: try members.optionalString("email").map { text in
                guard let email = EmailAddress(text) else { throw JSONError.member("email") }
                return email
            },
            displayName: try members.string("display_name"), groups: groups,
            authTime: try members.optionalInteger("auth_time"), amr: try members.strings("amr"),
            acr: try members.optionalString("acr"), isMultiFactor: try members.bool("is_multi_factor"),
            evidence: SignInEvidence(statement, randomBytes: try members.bytes("nonce_bytes")),
            validUntil: try members.optionalInteger("valid_until"),
            principal: try members.optionalObject("principal").map { try SAMLPrincipal($0) },
            providerSession: try members.optionalString("provider_session"))
    }
}

extension SAMLPrincipal {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("format", format)
        writer.member("name_id", nameID)
        writer.member("name_qualifier", nameQualifier)
        writer.member("session_index", sessionIndex)
        writer.member("sp_name_qualifier", spNameQualifier)
    }

    fileprivate init(_ members: JSONMembers) throws {
        self.init(
            nameID: try members.string("name_id"), format: try members.optionalString("format"),
            nameQualifier: try members.optionalString("name_qualifier"),
            spNameQualifier: try members.optionalString("sp_name_qualifier"),
            sessionIndex: try members.optionalString("session_index"))
    }
}
