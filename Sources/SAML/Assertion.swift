internal import Identity
internal import SignedXML

/// What an assertion says, read from bytes that were signed; not yet compared with what was expected.
///
/// Source: SAML Core 2.0 §2.3.3, §2.4, §2.5, §2.7.
struct Assertion {
    struct BearerConfirmation {
        let recipient: String?
        let notOnOrAfter: Int?
        let notBefore: String?
        let inResponseTo: String?
    }

    let id: String
    let issueInstant: Int
    let issuer: Issuer?
    let nameID: NameID?
    let bearers: [BearerConfirmation]
    let notBefore: Int?
    let notOnOrAfter: Int?
    /// Each restriction must be met, by one of its audiences.
    let audienceRestrictions: [[String]]
    let authnInstant: Int
    let sessionIndex: String?
    let sessionNotOnOrAfter: Int?
    let authnContexts: [String]
    let attributes: [SAMLAttribute]

    init(_ element: XMLElement) throws(SAMLError) {
        let version = element.value("Version")
        guard let version, identical(version, "2.0") else { throw .version(version) }
        id = try MessageHeader.id(element)
        issueInstant = try MessageHeader.issueInstant(element)
        issuer = try Issuer.find(in: element)

        guard let subject = try element.one(.saml("Subject")) else { throw .noSubject }
        // Nobody is read from an encrypted name.
        guard subject.all(.saml("EncryptedID")).isEmpty else { throw .nameID }
        if let name = try subject.one(.saml("NameID")) { nameID = try NameID(name) } else { nameID = nil }
        bearers = try Self.bearers(subject)

        let conditions = try element.one(.saml("Conditions"))
        notBefore = try Self.time(conditions, "NotBefore")
        notOnOrAfter = try Self.time(conditions, "NotOnOrAfter")
        audienceRestrictions = try Self.audiences(conditions)

        let statements = element.all(.saml("AuthnStatement"))
        guard let statement = statements.first else { throw .noAuthnStatement }
        guard statements.count == 1 else { throw .malformed("several AuthnStatement") }
        guard let instant = try Self.time(statement, "AuthnInstant") else { throw .malformed("AuthnInstant") }
        authnInstant = instant
        sessionIndex = statement.value("SessionIndex")
        guard (sessionIndex?.utf8.count ?? 0) <= 256 else { throw .malformed("SessionIndex") }
        sessionNotOnOrAfter = try Self.time(statement, "SessionNotOnOrAfter")
        let context = try statement.one(.saml("AuthnContext"))
        authnContexts = context?.all(.saml("AuthnContextClassRef")).compactMap(\.address) ?? []
        attributes = try SAMLAttribute.all(in: element)
    }

    private static let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

    private static func bearers(_ subject: XMLElement) throws(SAMLError) -> [BearerConfirmation] {
        var bearers: [BearerConfirmation] = []
        for confirmation in subject.all(.saml("SubjectConfirmation")) {
            guard let method = confirmation.value("Method"), identical(collapsed(method), bearer),
                let data = try confirmation.one(.saml("SubjectConfirmationData"))
            else { continue }
            bearers.append(
                BearerConfirmation(
                    recipient: data.value("Recipient"), notOnOrAfter: try time(data, "NotOnOrAfter"),
                    notBefore: data.value("NotBefore"), inResponseTo: data.value("InResponseTo")))
        }
        return bearers
    }

    /// Errors: `unknownCondition`, whose validity nobody could tell. Source: SAML Core 2.0 §2.5.1.1.
    private static func audiences(_ conditions: XMLElement?) throws(SAMLError) -> [[String]] {
        var restrictions: [[String]] = []
        for condition in conditions?.children ?? [] {
            if condition.name.isExactly(.saml("AudienceRestriction")) {
                restrictions.append(condition.all(.saml("Audience")).compactMap(\.text))
                continue
            }
            // Both are kept: an assertion is used once, and never passed on.
            let isKept = [XMLName.saml("OneTimeUse"), .saml("ProxyRestriction")].contains(
                where: condition.name.isExactly)
            guard isKept else { throw .unknownCondition(condition.name.local) }
        }
        return restrictions
    }

    /// Nil when it is absent. Errors: `malformed`, when it is no time.
    private static func time(_ element: XMLElement?, _ name: String) throws(SAMLError) -> Int? {
        guard let text = element?.value(name) else { return nil }
        guard let time = SAMLTime.parse(collapsed(text)) else { throw .malformed(name) }
        return time
    }
}

/// One attribute with all its values, in order. Source: SAML Core 2.0 §2.7.3.
package struct SAMLAttribute: Hashable, Sendable {
    package let name: String
    package let friendlyName: String?
    package let values: [String]

    package init(name: String, friendlyName: String? = nil, values: [String]) {
        self.name = name
        self.friendlyName = friendlyName
        self.values = values
    }

    /// Repeated attributes (some providers send one for each value) stay apart here. Errors: `malformed`.
    static func all(in assertion: XMLElement) throws(SAMLError) -> [SAMLAttribute] {
        var attributes: [SAMLAttribute] = []
        for element in assertion.all(.saml("AttributeStatement")).flatMap({ $0.all(.saml("Attribute")) }) {
            guard let name = element.value("Name"), !name.isEmpty else { throw .malformed("Attribute Name") }
            attributes.append(
                SAMLAttribute(
                    name: name, friendlyName: element.value("FriendlyName"),
                    values: element.all(.saml("AttributeValue")).compactMap(value)))
        }
        return attributes
    }

    /// A text, or the text of the NameID that eduPersonTargetedID and its like hold; nil for anything else.
    private static func value(_ element: XMLElement) -> String? {
        let null = element.attributes.first {
            $0.name.isExactly(XMLName("nil", in: Namespace.schemaInstance))
        }?.value
        if let null, ["true", "1"].contains(collapsed(null)) { return nil }
        if let text = element.text { return collapsed(text) }
        guard element.children.count == 1, let name = element.all(.saml("NameID")).first else { return nil }
        return name.text.map(collapsed)
    }
}
