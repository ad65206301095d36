import Identity
import SAML
import SignedXML
import StrictJSON
import Testing
import WebAddresses

/// Responses shaped like those of vendors. Source: `IdPFixtures/vendors-saml`.
@Suite struct `A response shaped like those of` {
    struct Vendor {
        let folder: String
        let expected: JSONMembers
        let now: Int
        let provider: SAMLProviderConfiguration
        let description: IdPDescription
        let expectation: ResponseExpectation

        init(_ name: String, change: (inout SAMLProviderConfiguration) -> Void = { _ in }) throws {
            folder = "IdPFixtures/\(name)/saml"
            expected = try Repository.json("\(folder)/expected.json")
            now = try expected.integer("now")
            let sp = try expected.object("sp")
            var provider = try TestProvider.configuration()
            provider.entityID = try expected.string("idp_entity_id")
            if let certificate = try expected.optionalString("metadata_signed_by") {
                provider.metadataCertificates = [
                    try Repository.certificate(Repository.path(folder, certificate))
                ]
            }
            change(&provider)
            self.provider = provider
            description = try IdPMetadata.parse(
                Repository.bytes("\(folder)/metadata.xml"), options: IdPMetadata.Options(provider), now: now)
            expectation = ResponseExpectation(
                provider: provider, idp: description, spEntityID: try sp.string("entity_id"),
                acsURL: try EndpointURL(parsing: sp.string("acs_url")), requestID: try expected.string("request_id"),
                requestedAt: now - 30, now: now,
                decryptionKeys: [
                    try Repository.decryptionKey(Repository.path(folder, sp.string("private_key")))
                ])
        }

        func response() throws -> [UInt8] { try Repository.bytes("\(folder)/response.xml") }
    }

    static let names = ["adfs", "entra", "google", "keycloak", "okta", "shibboleth"]

    @Test(arguments: names)
    func `signs its person in`(_ name: String) throws {
        let vendor = try Vendor(name)
        let expected = vendor.expected
        let assertion = try ResponseValidation.validate(vendor.response(), against: vendor.expectation)
        #expect(assertion.nameID?.text == (try expected.string("name_id")))
        #expect(assertion.nameID?.format == (try expected.optionalString("name_id_format")))
        #expect(assertion.sessionIndex == (try expected.optionalString("session_index")))
        #expect(assertion.authnContexts == [try expected.string("authn_context")])
        let signed = try expected.string("signed")
        #expect(assertion.responseWasSigned == (signed != "assertion"))
        #expect(assertion.assertionWasSigned == (signed != "response"))
        #expect(assertion.wasEncrypted == (try expected.bool("encrypted")))
        #expect(!assertion.usedSHA1)

        let identity = try SAMLIdentity(assertion: assertion, configuration: vendor.provider)
        #expect(identity.subject == (try expected.string("subject")))
        #expect(identity.email?.text == (try expected.string("email")))
        if let name = try expected.optionalString("display_name") {
            #expect(identity.displayName == name)
        } else {
            #expect(identity.displayName == "Alice Engineer")
        }
        let groups = try expected.strings("groups").compactMap(GroupName.init)
        #expect(identity.groups == Set(groups))
        #expect(identity.amr == (try expected.optionalStrings("authn_methods") ?? []))
    }

    @Test(arguments: names)
    func `comes with metadata that says where and by whom`(_ name: String) throws {
        let vendor = try Vendor(name)
        let expected = vendor.expected
        #expect(vendor.description.entityID == (try expected.string("idp_entity_id")))
        #expect(vendor.description.ssoEndpoints[.redirect]?.text == (try expected.string("sso_url")))
        #expect(vendor.description.sloEndpoints[.redirect]?.location.text == (try expected.optionalString("slo_url")))
        let certificates = try expected.strings("idp_certificates").map {
            try Repository.certificate(Repository.path(vendor.folder, $0))
        }
        #expect(Set(vendor.description.signingKeys.map(\.certificate)) == Set(certificates))
    }

    @Test(arguments: names)
    func `is refused a moment after its time, and at another service`(_ name: String) throws {
        let vendor = try Vendor(name)
        let bytes = try vendor.response()
        var late = vendor.expectation
        late.now += 7_200
        #expect(throws: SAMLError.self) { try ResponseValidation.validate(bytes, against: late) }
        var other = vendor.expectation
        other.spEntityID = "https://other.example.com"
        #expect(throws: SAMLError.self) { try ResponseValidation.validate(bytes, against: other) }
        var elsewhere = vendor.expectation
        elsewhere.acsURL = try EndpointURL(parsing: "https://other.example.com/acs")
        #expect(throws: SAMLError.self) { try ResponseValidation.validate(bytes, against: elsewhere) }
    }

    /// What is accepted after a change says the same as before it.
    @Test(arguments: names)
    func `never says something else after a change`(_ name: String) throws {
        let vendor = try Vendor(name)
        let good = try vendor.response()
        let first = try ResponseValidation.validate(good, against: vendor.expectation)
        var mutator = Mutator(state: 7)
        var accepted = 0
        for _ in 0..<400 {
            let bytes = mutator.mutate(good)
            guard let assertion = try? ResponseValidation.validate(bytes, against: vendor.expectation) else { continue }
            accepted += 1
            #expect(assertion.nameID == first.nameID && assertion.attributes == first.attributes)
            #expect(assertion.authnContexts == first.authnContexts && assertion.id == first.id)
        }
        #expect(accepted < 200)
    }

    @Test func `Microsoft's shows its second factor in an attribute`() throws {
        let vendor = try Vendor("entra")
        let assertion = try ResponseValidation.validate(vendor.response(), against: vendor.expectation)
        #expect(try SAMLIdentity(assertion: assertion, configuration: vendor.provider).mfa)
        let without = try Vendor("entra") { $0.mfaContexts = ["https://refeds.org/profile/mfa"] }
        #expect(try !SAMLIdentity(assertion: assertion, configuration: without.provider).mfa)
    }
}
