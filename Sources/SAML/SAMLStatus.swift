internal import Identity

/// What the provider says became of a request: a top-level code, perhaps a second one, perhaps words.
///
/// Source: SAML Core 2.0 §3.2.2.
package struct SAMLStatus: Hashable, Sendable {
    package static let success = "urn:oasis:names:tc:SAML:2.0:status:Success"

    package let code: String
    package let secondCode: String?
    /// The provider's words, for the log.
    package let message: String?

    package init(code: String, secondCode: String? = nil, message: String? = nil) {
        self.code = code
        self.secondCode = secondCode
        self.message = message
    }

    package var isSuccess: Bool { identical(code, Self.success) }

    /// The last words of the most precise code: `AuthnFailed`, `NoPassive`, `RequestDenied`.
    package var shortCode: String {
        let code = secondCode ?? code
        return code.split(separator: ":").last.map(String.init) ?? code
    }

    package var explanation: String {
        "the provider answered \(quoted(shortCode))" + (message.map { ": \(quoted($0))" } ?? "") + hint
    }

    /// What the person at the browser is told.
    package var personExplanation: String {
        switch shortCode {
        case "AuthnFailed": "Your organisation's sign-in did not succeed."
        case "NoPassive": "Your organisation's sign-in needs you to sign in again."
        case "RequestDenied": "Your organisation's sign-in refused this request."
        case "NoAuthnContext": "Your organisation's sign-in cannot ask for a second factor."
        default: "Your organisation's sign-in answered with an error."
        }
    }

    private var hint: String {
        switch shortCode {
        case "NoAuthnContext": "; it knows none of the contexts that were asked for (mfa_contexts)"
        case "InvalidNameIDPolicy": "; it cannot send the NameID that is asked for (name_id_format)"
        case "Requester": "; it did not like our request: does it have our present metadata?"
        case "RequestDenied": "; is the person assigned to this application there?"
        default: ""
        }
    }
}
