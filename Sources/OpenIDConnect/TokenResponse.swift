internal import StrictJSON

/// What the token endpoint answered: tokens, not yet validated.
///
/// Source: OpenID Connect Core 1.0 §3.1.3.3; RFC 6749 §5.1, §5.2.
package struct TokenResponse: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package static let maximumBytes = 256 * 1_024

    package let idToken: String
    package let accessToken: String

    /// The body, whatever the status: an `error` member is the provider's refusal.
    package init(parsing bytes: [UInt8]) throws(TokenResponseError) {
        let members: JSONMembers
        do { members = try JSONMembers(parsing: bytes, maximumBytes: Self.maximumBytes) } catch {
            throw .notJSON(error)
        }
        if members.has("error") {
            throw .refused(
                members.members["error"]?.stringValue ?? "",
                description: members.members["error_description"]?.stringValue)
        }
        // RFC 6749 §5.1: the token type is case insensitive.
        let type = try Self.string("token_type", in: members)
        guard type.lowercased() == "bearer" else { throw .tokenType(type) }
        accessToken = try Self.string("access_token", in: members)
        idToken = try Self.string("id_token", in: members)
    }

    package var description: String { "(token response)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    private static func string(_ name: String, in members: JSONMembers) throws(TokenResponseError) -> String {
        guard let text = members.members[name]?.stringValue, !text.isEmpty else { throw .member(name) }
        return text
    }
}
