package import StrictJSON

/// `POST /v1/node`: a device under a session hands in its registration and gets its node authorization.
///
/// Request `{"registration": JWS}`; response `{"node": id, "authorization": JWS, "withheld_name"?: name}`.
package struct RegistrationResponse: Hashable, Sendable {
    package var node: String
    package var authorization: String
    /// What the device calls itself, where the policy speaks of that name: it is called otherwise until an administrator
    /// gives it the name.
    package var withheldName: String?

    package init(node: String, authorization: String, withheldName: String? = nil) {
        self.node = node
        self.authorization = authorization
        self.withheldName = withheldName
    }

    package var json: JSON {
        var members: [String: JSON] = ["node": .string(node), "authorization": .string(authorization)]
        members["withheld_name"] = withheldName.map { .string($0) }
        return .object(members)
    }

    package init(parsing bytes: [UInt8]) throws(WireError) {
        do {
            let members = try JSONMembers(parsing: bytes)
            node = try members.string("node")
            authorization = try members.string("authorization")
            withheldName = try members.optionalString("withheld_name")
        } catch { throw .malformed("registration response") }
    }
}

/// Answers of the control API that are no success: `{"error": name, "error_description": words}` (RFC 6749 §5.2's form).
package enum ControlErrorName: String, Hashable, Sendable, CaseIterable {
    case invalidRequest = "invalid_request"
    case invalidToken = "invalid_token"
    case useDPoPNonce = "use_dpop_nonce"
    case invalidDPoPProof = "invalid_dpop_proof"
    case invalidGrant = "invalid_grant"
    case authorizationPending = "authorization_pending"
    case slowDown = "slow_down"
    case accessDenied = "access_denied"
    case expiredToken = "expired_token"
    case unsupportedGrantType = "unsupported_grant_type"
    case invalidClient = "invalid_client"
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    /// Nothing that the provider could say would count as a second factor: the configuration does not say what does.
    case secondFactorNotConfigured = "second_factor_not_configured"
    /// The person is none of the administrators that the configuration names.
    case notAnAdministrator = "not_an_administrator"
    /// The question or command is not one that this server answers there, or what it names is not there.
    case commandRefused = "command_refused"
    /// RFC 9470 §3: the sign-in is too old for this; a step-up helps.
    case insufficientUserAuthentication = "insufficient_user_authentication"
}
