internal import HTTPClient
internal import Identity
internal import OpenIDConnect
internal import Sessions
internal import StrictJSON

/// From an authorization code to a verified sign-in: token, key, ID token, userinfo where it is needed, claims.
///
/// Source: OIDC Core §3.1.3; RFC 9207 §2.4 for the issuer of the callback.
struct CodeExchange: Sendable {
    let provider: ProviderConfiguration
    let redirectURI: String
    let clients: ProviderClients
    let fetch: ProviderFetch

    /// `maxAge`: how old the person's authentication may be, and that its time must be told; nil: any, and it need not.
    func signIn(
        _ response: AuthorizationResponse, device: DeviceID, sent: ProviderRedirect, codeVerifier: String,
        maxAge: Int?, now: Int
    ) async throws(ProviderFault) -> (SignIn, notes: [String]) {
        let metadata = try await clients.metadata(of: provider)
        do throws(AuthorizationResponseError) {
            try response.validateIssuer(
                provider.issuer, isRequired: metadata.authorizationResponseIssParameterSupported)
        } catch { throw .authorizationResponse(error) }
        let code: String
        switch response.outcome {
        case .code(let value): code = value
        case .error(let name, _): throw .refused(name)
        }
        let requests = ProviderRequests(provider: provider, fetch: fetch)
        let tokens = try await requests.tokens(
            code: code, redirectURI: redirectURI, proofKey: ProofKey(verifier: codeVerifier),
            at: metadata.tokenEndpoint)
        let idToken = try await validated(tokens, device: device, sent: sent, maxAge: maxAge, now: now)
        var userInfo: UserInfo?
        if needsUserInfo(idToken), let endpoint = metadata.userinfoEndpoint {
            userInfo = try await requests.userInfo(
                accessToken: tokens.accessToken, subject: idToken.subject, at: endpoint)
        }
        let claims: IdentityClaims
        do throws(IdentityClaimsError) {
            claims = try IdentityClaims(idToken: idToken, userInfo: userInfo, configuration: provider)
        } catch { throw .claims(error) }
        let signIn = SignIn(
            provider: provider.id, subject: claims.subject, directoryID: idToken.claims.members["oid"]?.stringValue,
            email: claims.email, displayName: claims.displayName,
            groups: claims.groups, authTime: claims.authTime, amr: claims.amr, acr: claims.acr,
            isMultiFactor: claims.mfa,
            evidence: SignInEvidence(.idToken(tokens.idToken), randomBytes: sent.randomBytes),
            providerSession: idToken.claims.members["sid"]?.stringValue
        )
        return (signIn, claims.notes + (claims.authTime == nil ? [Self.timeUnknown] : []))
    }

    private static let timeUnknown =
        "the ID token does not say when the person authenticated (auth_time), though max_age asks for it: "
        + "no condition `mfa` or `auth_age` holds for this session"

    private func validated(
        _ tokens: TokenResponse, device: DeviceID, sent: ProviderRedirect, maxAge: Int?, now: Int
    ) async throws(ProviderFault) -> ValidatedIDToken {
        guard let nonce = CommittingNonce(device: device, randomBytes: sent.randomBytes) else {
            throw .idToken(.claim("nonce"))
        }
        let unverified: UnverifiedIDToken
        do throws(IDTokenError) { unverified = try UnverifiedIDToken(parsing: tokens.idToken) } catch {
            throw .idToken(error)
        }
        let key = try await clients.key(for: unverified, of: provider)
        do throws(IDTokenError) {
            return try unverified.validated(
                with: key,
                against: IDTokenExpectation(
                    issuer: provider.issuer, clientID: provider.clientID, nonce: nonce.text,
                    requestedAt: sent.requestedAt, now: now, accessToken: tokens.accessToken, maxAge: maxAge))
        } catch { throw .idToken(error) }
    }

    /// Many providers put e-mail and groups only there (OIDC Core §5.4).
    private func needsUserInfo(_ idToken: ValidatedIDToken) -> Bool {
        if !idToken.claims.has("email") { return true }
        guard let claim = provider.groupsClaim else { return false }
        return (claim.value(in: idToken.claims) ?? .null) == .null
    }
}
