internal import Identity
package import StrictJSON

/// The claims of the UserInfo endpoint about the person of one ID token.
///
/// Source: OpenID Connect Core 1.0 §5.3.2.
package struct UserInfo: Sendable {
    package static let maximumBytes = 512 * 1_024

    package let claims: JSONMembers

    /// Core §5.3.2: `sub` MUST exactly match the ID token's, else the values MUST NOT be used.
    package init(parsing bytes: [UInt8], expectedSubject: String) throws(UserInfoError) {
        let members: JSONMembers
        do { members = try JSONMembers(parsing: bytes, maximumBytes: Self.maximumBytes) } catch {
            throw .notJSON(error)
        }
        guard let subject = members.members["sub"]?.stringValue else { throw .subjectMissing }
        guard identical(subject, expectedSubject) else { throw .wrongSubject }
        claims = members
    }
}
