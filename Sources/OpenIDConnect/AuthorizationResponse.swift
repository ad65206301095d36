internal import Identity
internal import WebAddresses

/// What the browser brings back to the callback: a code or an error, for one `state`.
///
/// Nothing here is authenticated; the caller finds the sign-in by `state`, then checks the issuer, then uses the code.
/// Source: RFC 6749 §4.1.2; OpenID Connect Core 1.0 §3.1.2.5; RFC 9207 §2.
package struct AuthorizationResponse: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case code(String)
        /// `error` is RFC 6749 §4.1.2.1's code; the description is the provider's text and may be anything.
        case error(String, description: String?)
    }

    package let state: String
    package let outcome: Outcome
    package let issuer: String?

    /// Reads a raw query, without its `?`. Errors: `malformed`, and as ``init(items:)``.
    package init(parsing query: String) throws(AuthorizationResponseError) {
        guard let items = FormEncoding.decode(query) else { throw .malformed }
        try self.init(items: items)
    }

    /// Reads decoded items; unknown names are ignored (RFC 6749 §4.1.2).
    /// Errors: `repeated`, `tooLong`, `missing`, `codeAndError`.
    package init(items: [(name: String, value: String)]) throws(AuthorizationResponseError) {
        let known: Set<String> = ["code", "state", "iss", "error", "error_description"]
        var values: [String: String] = [:]
        for item in items where known.contains(item.name) {
            // RFC 6749 §3.1: parameters MUST NOT be included more than once.
            guard values.updateValue(item.value, forKey: item.name) == nil else { throw .repeated(item.name) }
            guard item.value.utf8.count <= 4_096 else { throw .tooLong(item.name) }
        }
        // RFC 6749 §3.1: a parameter without a value is treated as if it were omitted.
        values = values.filter { !$0.value.isEmpty }
        guard let state = values["state"] else { throw .missing("state") }
        self.state = state
        issuer = values["iss"]
        switch (values["code"], values["error"]) {
        case (let code?, nil): outcome = .code(code)
        case (nil, let error?): outcome = .error(error, description: values["error_description"])
        case (nil, nil): throw .missing("code")
        case (.some, .some): throw .codeAndError
        }
    }

    /// RFC 9207 §2.4: an `iss` MUST equal the issuer that was asked; its absence MUST be refused where the provider
    /// says that it sends one.
    package func validateIssuer(
        _ expected: String, isRequired: Bool
    ) throws(AuthorizationResponseError) {
        guard let issuer else {
            if isRequired { throw .issuerMissing }
            return
        }
        guard identical(issuer, expected) else { throw .wrongIssuer(found: issuer, expected: expected) }
    }
}
