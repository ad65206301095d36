internal import HTTPTypes
internal import Sessions
internal import Wire

/// A refusal on its way to the wire: the standard's name and words that tell its reader what to do, nothing more.
struct OAuthFailure: Error, Hashable {
    var name: ControlErrorName
    var description: String
    var retryAfter: Int?
    /// How old a sign-in may be for this, in seconds. Source: RFC 9470 §3.
    var maxAge: Int?

    init(_ name: ControlErrorName, _ description: String, retryAfter: Int? = nil, maxAge: Int? = nil) {
        self.name = name
        self.description = description
        self.retryAfter = retryAfter
        self.maxAge = maxAge
    }

    /// RFC 6749 §5.2, RFC 8628 §3.5, RFC 9449 §5, RFC 6750 §3.1.
    var status: HTTPResponse.Status {
        switch name {
        case .invalidToken, .invalidClient, .insufficientUserAuthentication: .unauthorized
        case .notAnAdministrator: .forbidden
        case .commandRefused: .unprocessableContent
        case .temporarilyUnavailable: retryAfter == nil ? .serviceUnavailable : .tooManyRequests
        case .serverError: .internalServerError
        case .invalidRequest, .useDPoPNonce, .invalidDPoPProof, .invalidGrant, .authorizationPending, .slowDown,
            .accessDenied, .expiredToken, .unsupportedGrantType, .secondFactorNotConfigured:
            .badRequest
        }
    }

    /// What every sign-in meets; a device that polls too fast is noted once (`DeviceFlow`).
    var isExpected: Bool { name == .authorizationPending || name == .slowDown || name == .useDPoPNonce }

    /// A wrong clock is told in full: its owner can do something about it. The rest of the proof's faults are one to the
    /// network; the log has each by name.
    init(_ error: DPoPError) {
        switch error {
        case .nonce: self.init(.useDPoPNonce, "use the nonce of this answer's DPoP-Nonce header")
        case .clock: self.init(.invalidDPoPProof, error.explanation)
        case .overloaded: self.init(.temporarilyUnavailable, error.explanation)
        case .missing: self.init(.invalidDPoPProof, error.explanation)
        case .malformed, .wrongType, .algorithm, .key, .signature, .method, .url, .claims, .accessToken, .replayed:
            self.init(.invalidDPoPProof, "the DPoP proof is not valid for this request")
        }
    }
}
