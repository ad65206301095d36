package import HTTPClient
internal import Identity
package import OpenIDConnect
package import SAML

/// Why a sign-in at an identity provider came to nothing. The explanation is for the operator's log and for
/// `check --online`; the person sees `message`, which names no detail that an attacker could use.
package enum ProviderFault: Error, Hashable, Sendable {
    package enum Step: String, Hashable, Sendable { case discovery, keys, token, userinfo, metadata }

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
    case metadata(IdPMetadataError)
    case metadataFile(String, String)
    /// Past its `validUntil`, and it cannot be had anew.
    case metadataExpired
    case saml(SAMLError)
    /// More XML waits to be read than is allowed to.
    case overloaded

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
        case .metadata(let error): "metadata: \(error.explanation)"
        case .metadataFile(let path, let reason): "metadata: \(path) cannot be read: \(reason)"
        case .metadataExpired: "metadata: its validUntil is over, and it could not be fetched or read anew"
        case .saml(let error): "response: \(error.explanation)"
        case .overloaded: "more sign-ins arrive than this server can check: try again"
        }
    }

    /// The rule that a SAML message broke, for the log.
    var ruleName: String? { if case .saml(let error) = self { error.name } else { nil } }

    /// What the person reads, and what they can do.
    var message: (text: String, remedy: String) {
        switch self {
        case .unreachable, .status, .overloaded:
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
        case .saml(let error):
            (error.personExplanation, "Tell your administrator the reference below: the server's log has the reason.")
        case .metadata, .metadataFile, .metadataExpired, .discovery, .keys, .authorizationResponse, .refused, .token,
            .idToken, .userInfo, .claims:
            (
                "Your identity provider's answer could not be accepted.",
                "Tell your administrator the reference below: the server's log has the reason."
            )
        }
    }
}

/// A fault on its way to a page, with the provider it happened at.
struct ProviderFailure: Error {
    let fault: ProviderFault
    let provider: ProviderID
}

extension ProviderFault {
    func at(_ provider: ProviderID) -> ProviderFailure { ProviderFailure(fault: self, provider: provider) }
}
