/// The detail keyword of a refusal with status 400 or 409.
///
/// Source: RFC 7644 §3.12, table 9; the last three: RFC 9865 §2.1.
package enum SCIMErrorType: String, Hashable, Sendable, CaseIterable {
    case invalidFilter, tooMany, uniqueness, mutability, invalidSyntax, invalidPath, noTarget, invalidValue
    case invalidVers, sensitive
    case invalidCursor, expiredCursor, invalidCount
}
