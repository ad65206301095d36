import Identity
import SAML
import SignedXML
import Testing

@Suite struct `A SAML identity` {
    private static let microsoft = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"

    /// Attributes as name, friendly name, values.
    static func identity(
        _ attributes: [(String, String?, [String])] = [], nameID: String? = nil,
        context: String = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        _ change: (inout SAMLProviderConfiguration) -> Void = { _ in }
    ) throws -> SAMLIdentity {
        let provider = try TestProvider.make()
        let statement = attributes.map { name, friendly, values in
            let friendlyName = friendly.map { " FriendlyName=\"\($0)\"" } ?? ""
            let texts = values.map { "<saml:AttributeValue>\($0)</saml:AttributeValue>" }.joined()
            return "<saml:Attribute Name=\"\(name)\"\(friendlyName)>\(texts)</saml:Attribute>"
        }.joined()
        let old = """
            <saml:Attribute Name="mail"><saml:AttributeValue>Alice@Example.com</saml:AttributeValue></saml:Attribute>
            """
        var text = String(decoding: try provider.response(.none, replacing: old, with: statement), as: UTF8.self)
        if let nameID {
            let usual =
                "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">alice-1</saml:NameID>"
            text = text.replacing(usual, with: nameID)
        }
        text = text.replacing("urn:oasis:names:tc:SAML:2.0:ac:classes:Password", with: context)
        return try SAMLIdentity(
            assertion: provider.validate(provider.key.signed(Array(text.utf8))),
            configuration: TestProvider.configuration(change))
    }

    private static func name(_ text: String, _ format: String?) -> String {
        "<saml:NameID\(format.map { " Format=\"\($0)\"" } ?? "")>\(text)</saml:NameID>"
    }

    @Test func `has the NameID for its subject where no attribute is stable`() throws {
        #expect(try Self.identity().subject == "alice-1")
        let formats = [nil, NameIDFormat.unspecified, NameIDFormat.emailAddress, NameIDFormat.persistent]
        for format in formats {
            #expect(try Self.identity(nameID: Self.name("Bob", format)).subject == "Bob")
        }
    }

    @Test func `needs something that names the person for ever`() throws {
        let transient = Self.name("_t1", NameIDFormat.transient)
        #expect(throws: SAMLError.noStableID) { try Self.identity(nameID: transient) }
        #expect(throws: SAMLError.noStableID) { try Self.identity(nameID: "") }
        let id = "urn:oasis:names:tc:SAML:attribute:subject-id"
        #expect(try Self.identity([(id, nil, ["a@x"])], nameID: transient).subject == "a@x")
        #expect(try Self.identity([(id, nil, ["a@x"])]).subject == "a@x")
        let bad: [[String]] = [[], [""], ["a", "b"], ["a\u{200B}"], [String(repeating: "a", count: 257)]]
        for values in bad {
            #expect(throws: SAMLError.noStableID) { try Self.identity([(id, nil, values)]) }
        }
        let own = try Self.identity([("employee", nil, ["17"]), (id, nil, ["a@x"])]) {
            $0.attributes.stableID = ["employee"]
        }
        #expect(own.subject == "17")
        // A NameID that somebody chose must not be another person's employee number.
        for chosen in [["employee"], ["employee", "badge"]] {
            #expect(throws: SAMLError.noStableID) {
                try Self.identity(nameID: Self.name("17", NameIDFormat.persistent)) {
                    $0.attributes.stableID = chosen
                }
            }
        }
        let byName = try Self.identity([("employee", nil, ["18"])], nameID: Self.name("17", NameIDFormat.persistent)) {
            $0.attributes.stableID = []
        }
        #expect(byName.subject == "17")
    }

    @Test func `takes its e-mail address from an attribute, else from a NameID of that kind`() throws {
        #expect(try Self.identity([("mail", nil, [" Alice@EXAMPLE.com\n"])]).email?.text == "alice@example.com")
        #expect(try Self.identity([("urn:oid:1.2.3", "email", ["a@b.example"])]).email?.domain == "b.example")
        #expect(
            try Self.identity(nameID: Self.name("Bob@Example.com", NameIDFormat.emailAddress)).email?.text
                == "bob@example.com")
        #expect(try Self.identity(nameID: Self.name("Bob@Example.com", NameIDFormat.unspecified)).email == nil)
        let broken = try Self.identity(
            [("mail", nil, ["alice"])], nameID: Self.name("bob@example.com", NameIDFormat.emailAddress))
        #expect(broken.email == nil && broken.notes.count == 1)
        // A Name counts before a FriendlyName that says the same.
        let two: [(String, String?, [String])] = [("x", "mail", ["x@example.com"]), ("mail", nil, ["y@example.com"])]
        #expect(try Self.identity(two).email?.text == "y@example.com")
    }

    @Test func `is of the configured domains only`() throws {
        let domain = try #require(DomainName("example.com"))
        let within = { try Self.identity([("mail", nil, [$0])]) { $0.domains = [domain] } }
        #expect(try within("a@EXAMPLE.com").email?.domain == "example.com")
        for address in ["a@example.com.evil.example", "a@sub.example.com", "a@evilexample.com"] {
            let found = address.split(separator: "@").last.map(String.init)
            #expect(throws: SAMLError.wrongDomain(found)) { try within(address) }
        }
        #expect(throws: SAMLError.wrongDomain(nil)) { try Self.identity { $0.domains = [domain] } }
        #expect(throws: SAMLError.wrongDomain(nil)) { try within("a@b@example.com") }
    }

    @Test func `has a name to show`() throws {
        #expect(try Self.identity([("displayName", nil, ["  Alice \u{202E} Adams "])]).displayName == "Alice Adams")
        #expect(
            try Self.identity([("givenName", nil, ["Alice"]), ("sn", nil, ["Adams"])]).displayName == "Alice Adams")
        #expect(try Self.identity([("sn", nil, ["Adams"])]).displayName == "Adams")
        #expect(try Self.identity([("mail", nil, ["a@example.com"])]).displayName == "a@example.com")
        #expect(try Self.identity([("displayName", nil, [" "])]).displayName == "alice-1")
        let long = String(repeating: "ä", count: 500)
        #expect(try Self.identity([("displayName", nil, [long])]).displayName.count == 128)
    }

    @Test func `has no groups where none are named, and knows which not where a link is`() throws {
        let name = try #require(GroupName("dba"))
        let other = try #require(GroupName("a;b, c"))
        #expect(try Self.identity().groups == [])
        #expect(try Self.identity([("groups", nil, [])]).groups == [])
        #expect(try Self.identity([("groups", nil, ["dba"])]).groups == [name])
        #expect(try Self.identity([("groups", nil, ["dba", "a;b, c"])]).groups == [name, other])
        // Some providers repeat the attribute for each value.
        #expect(try Self.identity([("member", nil, ["dba"]), ("member", nil, ["a;b, c"])]).groups == [name, other])
        let some = try Self.identity([("groups", nil, ["dba", "", String(repeating: "g", count: 257)])])
        #expect(some.groups == [name] && some.notes.count == 1)
        let link = ("http://schemas.microsoft.com/claims/groups.link", nil as String?, ["https://x"])
        for attributes in [[link], [link, ("groups", nil, [])]] {
            let overage = try Self.identity(attributes)
            #expect(overage.groups == nil && overage.notes.count == 1)
        }
        #expect(try Self.identity([link, ("groups", nil, ["dba"])]).groups == [name])
        #expect(try Self.identity([(Self.microsoft, nil, ["dba"])]).groups == [name])
    }

    @Test func `counts as multi-factor by the configured contexts`() throws {
        let refeds = "https://refeds.org/profile/mfa"
        #expect(try !Self.identity().mfa)
        #expect(try Self.identity(context: refeds).mfa)
        #expect(try Self.identity(context: "\n  \(refeds)\n ").mfa)
        #expect(try !Self.identity(context: refeds + "/").mfa)
        #expect(try !Self.identity(context: refeds) { $0.mfaContexts = [] }.mfa)
        let methods = "http://schemas.microsoft.com/claims/authnmethodsreferences"
        let said = try Self.identity([(methods, nil, ["x", "http://schemas.microsoft.com/claims/multipleauthn"])])
        #expect(said.mfa && said.amr.count == 2 && said.acr?.hasSuffix("Password") == true)
        #expect(said.authTime == TestProvider.now - 6)
    }

    @Test func `administers by address or group`() throws {
        let group = try #require(GroupName("admins"))
        let address = try #require(EmailAddress("alice@example.com"))
        let identity = try Self.identity([("mail", nil, ["Alice@example.com"]), ("groups", nil, ["admins"])])
        #expect(identity.isAdministrator(by: [.group(group)]) && identity.isAdministrator(by: [.user(address)]))
        #expect(try !Self.identity().isAdministrator(by: [.group(group), .user(address)]))
    }
}
