internal import SignedXML

/// What every SAML message begins with. Source: SAML Core 2.0 §3.2.1, §3.2.2.
struct MessageHeader {
    let id: String
    let issueInstant: Int
    let destination: String?
    let inResponseTo: String?
    let issuer: String?

    /// Errors: `wrongRoot`, `version`, `malformed`.
    init(_ root: XMLElement, is name: XMLName) throws(SAMLError) {
        guard root.name.isExactly(name) else { throw .wrongRoot(root.name.local) }
        let version = root.value("Version")
        guard let version, identical(version, "2.0") else { throw .version(version) }
        id = try Self.id(root)
        issueInstant = try Self.issueInstant(root)
        destination = root.value("Destination")
        inResponseTo = root.value("InResponseTo")
        issuer = try Self.issuer(root)
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

    static func id(_ element: XMLElement) throws(SAMLError) -> String {
        guard let id = element.value("ID"), (1...256).contains(id.utf8.count) else { throw .malformed("ID") }
        return id
    }

    static func issueInstant(_ element: XMLElement) throws(SAMLError) -> Int {
        guard let instant = element.value("IssueInstant").map(collapsed).flatMap(SAMLTime.parse) else {
            throw .malformed("IssueInstant")
        }
        return instant
    }

    /// Nil when there is none. An issuer of another format than an entity's is no provider. Source: SAML Core 2.0 §2.2.5.
    static func issuer(_ element: XMLElement) throws(SAMLError) -> String? {
        guard let issuer = try element.one(.saml("Issuer")) else { return nil }
        if let format = issuer.value("Format"), !identical(format, NameIDFormat.entity) {
            throw .malformed("Issuer Format")
        }
        guard let text = issuer.text else { throw .malformed("Issuer") }
        return text
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
