internal import Cryptography
internal import Identity
internal import Sessions
internal import StrictJSON

/// A redirect and a sign-in as parts of a stored device authorization's JSON. Names that one version has written, the
/// next one reads: a sign-in may be under way while the server is brought up to date.
extension ProviderRedirect {
    var json: JSON {
        var members: [String: JSON] = [
            "provider": .string(provider.text), "nonce_bytes": .bytes(randomBytes),
            "requested_at": .integer(requestedAt),
        ]
        switch exchange {
        case .openIDConnect(let codeVerifier): members["code_verifier"] = .string(codeVerifier)
        case .saml: members["protocol"] = "saml"
        }
        return .object(members)
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
    var json: JSON {
        var members: [String: JSON] = [
            "provider": .string(provider.text), "subject": .string(subject),
            "email": email.map { .string($0.text) } ?? .null, "display_name": .string(displayName),
            "groups": groups.map { .array($0.sorted().map { .string($0.text) }) } ?? .null,
            "auth_time": authTime.map { .integer($0) } ?? .null, "amr": .array(amr.map { .string($0) }),
            "acr": acr.map { .string($0) } ?? .null, "is_multi_factor": .bool(isMultiFactor),
            "nonce_bytes": .bytes(evidence.randomBytes),
        ]
        switch evidence.statement {
        case .idToken(let text): members["id_token"] = .string(text)
        case .saml(let text): members["saml"] = .string(text)
        }
        if let directoryID { members["directory_id"] = .string(directoryID) }
        if let validUntil { members["valid_until"] = .integer(validUntil) }
        if let providerSession { members["provider_session"] = .string(providerSession) }
        if let principal { members["principal"] = principal.json }
        return .object(members)
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
    fileprivate var json: JSON {
        func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }
        return [
            "name_id": .string(nameID), "format": optional(format), "name_qualifier": optional(nameQualifier),
            "sp_name_qualifier": optional(spNameQualifier), "session_index": optional(sessionIndex),
        ]
    }

    fileprivate init(_ members: JSONMembers) throws {
        self.init(
            nameID: try members.string("name_id"), format: try members.optionalString("format"),
            nameQualifier: try members.optionalString("name_qualifier"),
            spNameQualifier: try members.optionalString("sp_name_qualifier"),
            sessionIndex: try members.optionalString("session_index"))
    }
}
