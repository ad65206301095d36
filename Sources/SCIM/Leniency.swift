/// What is accepted beyond the RFCs, because provisioning clients in use send it.
///
/// Each use is noted in the sync log. `strict` refuses all of it.
package struct Leniency: Hashable, Sendable {
    package enum UnknownMembers: Hashable, Sendable {
        /// The members that exist take effect and the sync log names the others: one stale id does not hold up
        /// the removals in the same request.
        case leaveOut
        case refuse
    }

    /// What a PUT of a group without `members` means. RFC 7644 §3.5.1 allows both.
    package enum OmittedMembers: Hashable, Sendable { case keep, clear }

    /// `op` in any case: Entra ID sends `Add`, `Replace`, `Remove`.
    package var anyOperationCase = true
    /// Booleans as strings, and numbers where a string belongs.
    package var looseTypes = true
    /// `remove` whose `value` lists what to remove: removes those, never all.
    package var removalByValue = true
    /// `add` and `replace` on a value path that matches nothing make the element that the filter describes.
    package var createsUnmatchedElement = true
    /// `name.givenName` and `urn:…:User:department` as keys of an object.
    package var dottedKeys = true
    /// `"manager": "id"` for `{"value": "id"}`, one value where a list belongs, a list of ids for members.
    package var simpleForComplex = true
    /// Attributes and schema URIs that this server does not know are left out.
    package var ignoresUnknown = true
    /// Messages and resources without `schemas`.
    package var missingSchemas = true
    /// A PATCH of a read-only attribute changes nothing, as in a PUT; else it fails with `mutability`.
    package var ignoresReadOnlyInPatch = true
    /// `externalId` is kept where a PUT does not name it: it matches the person to their sign-ins.
    package var keepsOmittedExternalID = true
    package var unknownMembers: UnknownMembers = .leaveOut
    package var omittedMembers: OmittedMembers = .keep

    private init() {}

    package static let liberal = Leniency()

    package static let strict: Leniency = {
        var strict = Leniency()
        strict.anyOperationCase = false
        strict.looseTypes = false
        strict.removalByValue = false
        strict.createsUnmatchedElement = false
        strict.dottedKeys = false
        strict.simpleForComplex = false
        strict.ignoresUnknown = false
        strict.missingSchemas = false
        strict.ignoresReadOnlyInPatch = false
        strict.keepsOmittedExternalID = false
        strict.unknownMembers = .refuse
        strict.omittedMembers = .clear
        return strict
    }()
}
