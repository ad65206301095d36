/// How an identity provider's directory comes to us by SCIM, and how its people meet those who sign in.
package struct ProvisioningConfiguration: Hashable, Sendable {
    /// One attribute of a provisioned user that, when equal to something of a sign-in, says it is the same person.
    package struct Match: Hashable, Sendable {
        package enum Attribute: String, Hashable, Sendable, CaseIterable {
            case externalId, userName, emails
        }

        package enum Claim: String, Hashable, Sendable, CaseIterable {
            /// OIDC `sub`, or SAML's stable id.
            case subject
            /// OIDC `oid`, or the SAML NameID.
            case directoryID = "oid"
            /// Only where the provider has verified it.
            case email
        }

        package let attribute: Attribute
        package let claim: Claim

        package init(_ attribute: Attribute, _ claim: Claim) {
            self.attribute = attribute
            self.claim = claim
        }
    }

    /// What a PUT of a group without `members` means: Keycloak's clients differ.
    package enum OmittedMembers: String, Hashable, Sendable, CaseIterable { case keep, clear }

    /// Whose groups count: those that SCIM sends, or, where the directory sends people only, those of each sign-in too.
    package enum Groups: String, Hashable, Sendable, CaseIterable {
        case scim
        case signIn = "sign-in"
    }

    /// Accepts the RFCs' forms alone.
    package var isStrict: Bool
    /// The first that finds exactly one counts.
    package var matches: [Match]
    /// In percent of the connection's people: more removals within an hour wait for confirmation. Nil: none ever waits.
    package var holdRemovalsAbove: Int?
    /// Nil: as strictness has it.
    package var omittedMembers: OmittedMembers?
    package var groups: Groups

    package init(
        isStrict: Bool = false, matches: [Match] = Self.commonMatches, holdRemovalsAbove: Int? = nil,
        omittedMembers: OmittedMembers? = nil, groups: Groups = .scim
    ) {
        self.isStrict = isStrict
        self.matches = matches
        self.holdRemovalsAbove = holdRemovalsAbove
        self.omittedMembers = omittedMembers
        self.groups = groups
    }

    package static var commonMatches: [Match] {
        [Match(.externalId, .subject), Match(.externalId, .directoryID), Match(.userName, .email)]
    }
}
