package import HTTPClient
internal import Identity
package import OpenIDConnect

/// Why a sign-in at an identity provider came to nothing. The explanation is for the operator's log and for
/// `check --online`; the person sees `message`, which names no detail that an attacker could use.
package enum ProviderFault: Error, Hashable, Sendable {
    package enum Step: String, Hashable, Sendable { case discovery, keys, token, userinfo }

    case unreachable(Step, HTTPError)
    case status(Step, Int)
    case discovery(DiscoveryError)
    case keys(JSONWebKeySetError)
    case authorizationResponse(AuthorizationResponseError)
    /// The provider sent the person back with an error, such as `access_denied`.
    case refused(String)
    case token(TokenResponseError)
    case idToken(IDTokenError)
    case userInfo(UserInfoError)
    case claims(IdentityClaimsError)

    package var explanation: String {
        switch self {
        case .unreachable(let step, let error): "\(step.rawValue): \(error.explanation)"
        case .status(let step, let status):
            "\(step.rawValue): the provider answered with status \(status)"
                + ((300..<400).contains(status) ? "; redirects are not followed: configure the final URL" : "")
        case .discovery(let error): "discovery: \(error.explanation)"
        case .keys(let error): "keys: \(error.explanation)"
        case .authorizationResponse(let error): "callback: \(error.explanation)"
        case .refused(let error): "callback: the provider answered \(error.prefix(64))"
        case .token(let error): "token: \(error.explanation)"
        case .idToken(let error): "ID token: \(error.explanation)"
        case .userInfo(let error): "userinfo: \(error.explanation)"
        case .claims(let error): "claims: \(error.explanation)"
        }
    }

    /// What the person reads, and what they can do.
    var message: (text: String, remedy: String) {
        switch self {
        case .unreachable, .status:
            (
                "Your identity provider did not answer as it should.",
                "Try again in a minute. If it stays so, tell your administrator."
            )
        case .refused("access_denied"):
            (
                "The sign-in was cancelled at your identity provider.",
                "Run `ztna login` again if that is not what you meant."
            )
        case .claims(.domainNotAllowed):
            (
                "Your account is not one that may sign in here.",
                "Sign in with your organisation's account, or ask your administrator."
            )
        case .idToken(.clockSkew):
            (
                "The server's clock and your identity provider's differ.",
                "Tell your administrator to set the server's clock right."
            )
        case .discovery, .keys, .authorizationResponse, .refused, .token, .idToken, .userInfo, .claims:
            (
                "Your identity provider's answer could not be accepted.",
                "Tell your administrator the reference below: the server's log has the reason."
            )
        }
    }
}
