package import Identity
package import WebAddresses

/// One SAML identity provider as the administrator configured it: everything about it that its metadata does not say.
package struct SAMLProviderConfiguration: Sendable {
    /// Where the provider's description comes from.
    package enum Source: Hashable, Sendable {
        /// A metadata file, read at start and on reload.
        case file(path: String)
        /// Metadata at an https address, fetched again as `cacheDuration` and `validUntil` ask.
        case url(EndpointURL)
        /// No metadata: entity id, where to send people, and PEM certificate files.
        case inline(entityID: String, ssoURL: EndpointURL, sloURL: EndpointURL?, certificates: [[UInt8]])
    }

    package var id: ProviderID
    package var name: String
    package var source: Source
    /// Which entity, where the metadata has several; also the only one accepted when given.
    package var entityID: String?
    /// DER certificates, one of whose keys must have signed the metadata; empty: its signature is not asked for.
    package var metadataCertificates: [[UInt8]]
    /// Asked for in `NameIDPolicy`; nil leaves it to the provider.
    package var nameIDFormat: String?
    package var attributes: AttributeMap
    /// `AuthnContextClassRef` values that count as multi-factor.
    package var mfaContexts: Set<String>
    package var requiresEncryptedAssertions: Bool
    /// AES-CBC in encrypted assertions: common, and weaker than AES-GCM.
    package var allowsCBC: Bool
    /// RSA-SHA1 and SHA-1 digests; a warning is logged at each use.
    package var allowsSHA1: Bool
    /// An unsolicited response is answered with a page that greets; it never enrols a device and makes no session.
    package var greetsUnsolicited: Bool
    /// Whose people may sign in here; empty means any. Sub-domains are not included.
    package var domains: [DomainName]
    package var admins: [AdminSelector]
    /// PEM certificates to trust when fetching metadata, instead of the system's.
    package var caFile: String?
    package var allowPrivateAddresses: Bool
    /// For fixtures only.
    package var allowPlainHTTPOnLoopback: Bool
    /// How its directory comes to us by SCIM; nil: not at all.
    package var provisioning: ProvisioningConfiguration?

    package init(
        id: ProviderID, name: String, source: Source, entityID: String? = nil, metadataCertificates: [[UInt8]] = [],
        nameIDFormat: String? = nil, attributes: AttributeMap = AttributeMap(),
        mfaContexts: Set<String> = Self.commonMFAContexts, requiresEncryptedAssertions: Bool = false,
        allowsCBC: Bool = true, allowsSHA1: Bool = false, greetsUnsolicited: Bool = false, domains: [DomainName] = [],
        admins: [AdminSelector] = [], caFile: String? = nil, allowPrivateAddresses: Bool = false,
        allowPlainHTTPOnLoopback: Bool = false
    ) {
        self.id = id
        self.name = name
        self.source = source
        self.entityID = entityID
        self.metadataCertificates = metadataCertificates
        self.nameIDFormat = nameIDFormat
        self.attributes = attributes
        self.mfaContexts = mfaContexts
        self.requiresEncryptedAssertions = requiresEncryptedAssertions
        self.allowsCBC = allowsCBC
        self.allowsSHA1 = allowsSHA1
        self.greetsUnsolicited = greetsUnsolicited
        self.domains = domains
        self.admins = admins
        self.caFile = caFile
        self.allowPrivateAddresses = allowPrivateAddresses
        self.allowPlainHTTPOnLoopback = allowPlainHTTPOnLoopback
    }

    /// Contexts that mean more than one factor wherever they are used.
    package static var commonMFAContexts: Set<String> {
        [
            "https://refeds.org/profile/mfa", "http://schemas.microsoft.com/claims/multipleauthn",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
        ]
    }

    /// Attributes whose values count like `AuthnContextClassRef`: Microsoft says only there that there was a second factor.
    package static var authenticationMethodAttributes: [String] {
        ["http://schemas.microsoft.com/claims/authnmethodsreferences"]
    }
}

/// Which attributes say what, by `Name` or `FriendlyName`; the first of a list that the assertion has is used.
package struct AttributeMap: Hashable, Sendable {
    package var email: [String]
    package var displayName: [String]
    package var groups: [String]
    /// What names a person for ever; empty: the NameID. The common ones may be absent, and then it is the NameID, too.
    package var stableID: [String]

    /// Not where an administrator has chosen attributes.
    var mayUseNameID: Bool { stableID.isEmpty || stableID == Self.commonStableID }

    package init(
        email: [String] = Self.commonEmail, displayName: [String] = Self.commonDisplayName,
        groups: [String] = Self.commonGroups, stableID: [String] = Self.commonStableID
    ) {
        self.email = email
        self.displayName = displayName
        self.groups = groups
        self.stableID = stableID
    }

    package static var commonEmail: [String] {
        [
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3",
            "urn:oid:1.2.840.113549.1.9.1", "email", "mail", "emailAddress",
        ]
    }

    package static var commonDisplayName: [String] {
        [
            "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241",
            "displayName", "name", "cn", "urn:oid:2.5.4.3", "http://schemas.xmlsoap.org/claims/CommonName",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        ]
    }

    package static var commonGroups: [String] {
        [
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            "http://schemas.xmlsoap.org/claims/Group", "groups", "Group", "member", "memberOf", "isMemberOf",
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "eduPersonAffiliation",
        ]
    }

    package static var commonStableID: [String] {
        [
            "http://schemas.microsoft.com/identity/claims/objectidentifier",
            "urn:oasis:names:tc:SAML:attribute:subject-id", "urn:oasis:names:tc:SAML:attribute:pairwise-id",
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.13", "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid",
        ]
    }

    /// Where there is no display name: its two halves.
    static var commonGivenName: [String] {
        [
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "urn:oid:2.5.4.42", "givenName",
            "firstName", "first_name", "given_name",
        ]
    }

    static var commonSurname: [String] {
        [
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "urn:oid:2.5.4.4", "sn", "surname",
            "lastName", "last_name", "family_name",
        ]
    }
}
