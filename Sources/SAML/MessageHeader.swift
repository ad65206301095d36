internal import Identity
internal import SignedXML

/// What every SAML message begins with. Source: SAML Core 2.0 §3.2.1, §3.2.2.
struct MessageHeader {
    let id: String
    let issueInstant: Int
    let destination: String?
    let inResponseTo: String?
    let issuer: Issuer?

    /// Errors: `wrongRoot`, `version`, `malformed`.
    init(_ root: XMLElement, is name: XMLName) throws(SAMLError) {
        guard root.name.isExactly(name) else { throw .wrongRoot(root.name.local) }
        let version = root.value("Version")
        guard let version, identical(version, "2.0") else { throw .version(version) }
        id = try Self.id(root)
        issueInstant = try Self.issueInstant(root)
        destination = root.value("Destination")
        inResponseTo = root.value("InResponseTo")
        issuer = try Issuer.find(in: root)
    }

    /// Where it says where it goes, it goes here; where it is signed, it must say. Source: SAML Bindings 2.0 §3.5.5.2.
    func requireDestination(_ expected: String, isSigned: Bool) throws(SAMLError) {
        if destination == nil, !isSigned { return }
        guard let destination, identical(destination, expected) else {
            throw .destination(found: destination, expected: expected)
        }
    }

    func requireIssuedBy(now: Int, skew: Int) throws(SAMLError) {
        guard issueInstant <= now + skew else { throw .issuedInFuture(seconds: issueInstant - now) }
    }

    /// Like xs:ID, of ASCII alone, which is all that providers use. Source: SAML Core 2.0 §1.3.4; XML Schema Part 2 §3.3.8.
    static func id(_ element: XMLElement) throws(SAMLError) -> String {
        guard let id = element.value("ID"), (1...256).contains(id.utf8.count), id.utf8.allSatisfy(isNameByte),
            let first = id.utf8.first, first == UInt8(ascii: "_") || first >= UInt8(ascii: "A")
        else { throw .malformed("ID") }
        return id
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    static func issueInstant(_ element: XMLElement) throws(SAMLError) -> Int {
        guard let instant = element.value("IssueInstant").map(collapsed).flatMap(SAMLTime.parse) else {
            throw .malformed("IssueInstant")
        }
        return instant
    }

    /// Reads a response's `Status`. Errors: `malformed`.
    static func status(_ root: XMLElement) throws(SAMLError) -> SAMLStatus {
        guard let status = try root.one(.samlp("Status")), let code = try status.one(.samlp("StatusCode")),
            let value = code.value("Value")
        else { throw .malformed("Status") }
        return SAMLStatus(
            code: value, secondCode: try code.one(.samlp("StatusCode"))?.value("Value"),
            message: try status.one(.samlp("StatusMessage"))?.text)
    }
}

/// Who says it: a text, which is an entity's ID unless its format says otherwise. Source: SAML Core 2.0 §2.2.5, §8.3.6.
struct Issuer {
    let text: String
    let format: String?

    /// Nil when there is none. Errors: `malformed`.
    static func find(in element: XMLElement) throws(SAMLError) -> Issuer? {
        guard let issuer = try element.one(.saml("Issuer")) else { return nil }
        guard let text = issuer.text else { throw .malformed("Issuer") }
        return Issuer(text: text, format: issuer.value("Format"))
    }

    func isEntity(_ entityID: String) -> Bool {
        identical(text, entityID) && identical(format ?? NameIDFormat.entity, NameIDFormat.entity)
    }
}
