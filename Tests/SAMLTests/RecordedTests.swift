import Identity
import SAML
import SignedXML
import StrictJSON
import Testing
import WebAddresses

/// Exchanges recorded from running identity providers. Source: `IdPFixtures/<name>/recorded`.
@Suite struct `A recorded exchange` {
    struct Recording {
        let folder: String
        let members: JSONMembers
        let serviceProvider: ServiceProviderAddresses

        struct ServiceProviderAddresses {
            let entityID: String
            let acsURL: EndpointURL
            let sloURL: EndpointURL
        }

        init(_ name: String) throws {
            folder = "IdPFixtures/\(name)/recorded"
            members = try Repository.json("\(folder)/recorded.json")
            let sp = try members.object("sp")
            let url = { try EndpointURL(parsing: $0, allowPlainHTTPOnLoopback: true) }
            serviceProvider = ServiceProviderAddresses(
                entityID: try sp.string("entity_id"), acsURL: try url(sp.string("acs_url")),
                sloURL: try url(sp.string("slo_url")))
        }

        func cases() throws -> [JSONMembers] { try members.array("cases").map { try JSONMembers($0) } }

        func description(_ one: JSONMembers, now: Int) throws -> IdPDescription {
            try IdPMetadata.parse(
                Repository.bytes("\(folder)/\(one.object("idp").string("metadata"))"),
                options: IdPMetadata.Options(allowPlainHTTPOnLoopback: true), now: now)
        }

        func time(_ members: JSONMembers, _ name: String) throws -> Int {
            try #require(SAMLTime.parse(members.string(name)))
        }
    }

    static let names = ["simplesamlphp", "lemonldap"]

    @Test(arguments: names)
    func `signs its person in, and only at its time and for its request`(_ name: String) throws {
        let recording = try Recording(name)
        var count = 0
        for one in try recording.cases() {
            for signIn in try one.array("sign_ins").map({ try JSONMembers($0) }) {
                let now = try recording.time(signIn, "answered_at")
                let key = try recording.members.object("sp").string("key")
                var expectation = ResponseExpectation(
                    provider: try TestProvider.configuration(), idp: try recording.description(one, now: now),
                    spEntityID: recording.serviceProvider.entityID, acsURL: recording.serviceProvider.acsURL,
                    requestID: try signIn.string("request_id"), requestedAt: now, now: now,
                    decryptionKeys: [try Repository.decryptionKey(Repository.path(recording.folder, key))])
                let bytes = try Repository.bytes("\(recording.folder)/\(signIn.string("response"))")
                let assertion = try ResponseValidation.validate(bytes, against: expectation)
                try compare(assertion, with: signIn.object("claims"))
                let signed = try signIn.strings("signed")
                #expect(assertion.responseWasSigned == signed.contains("response"))
                #expect(assertion.assertionWasSigned == signed.contains("assertion"))
                let encrypted = try signIn.optionalString("response_decrypted") != nil
                #expect(assertion.wasEncrypted == encrypted)
                count += 1

                expectation.requestID += "0"
                #expect(throws: SAMLError.inResponseTo) {
                    try ResponseValidation.validate(bytes, against: expectation)
                }
                expectation.requestID.removeLast()
                expectation.now += 90_000
                #expect(throws: SAMLError.self) { try ResponseValidation.validate(bytes, against: expectation) }
                expectation.now = now
                expectation.provider.requiresEncryptedAssertions = true
                if !encrypted {
                    #expect(throws: SAMLError.encryptionRequired) {
                        try ResponseValidation.validate(bytes, against: expectation)
                    }
                }
                expectation.provider.allowsCBC = false
                #expect(throws: encrypted ? SAMLError.xml(.encryptionMethod) : .encryptionRequired) {
                    try ResponseValidation.validate(bytes, against: expectation)
                }
            }
        }
        #expect(count >= 5)
    }

    private func compare(_ assertion: ValidatedAssertion, with claims: JSONMembers) throws {
        #expect(assertion.id == (try claims.string("assertion_id")))
        #expect(assertion.issuer == (try claims.string("issuer")))
        #expect(assertion.nameID?.text == (try claims.string("name_id")))
        #expect(assertion.nameID?.format == (try claims.object("name_id_attributes").optionalString("Format")))
        let statement = try claims.object("authn_statement")
        #expect(assertion.sessionIndex == (try statement.optionalString("SessionIndex")))
        #expect(assertion.authnInstant == SAMLTime.parse(try statement.string("AuthnInstant")))
        #expect(assertion.authnContexts == [try claims.string("authn_context_class")])
        let attributes = try claims.array("attributes").map { try JSONMembers($0) }
        #expect(assertion.attributes.map(\.name) == (try attributes.map { try $0.string("name") }))
        #expect(assertion.attributes.map(\.values) == (try attributes.map { try $0.strings("values") }))
        if assertion.nameID?.format != NameIDFormat.transient {
            let identity = try SAMLIdentity(
                assertion: assertion, configuration: TestProvider.configuration { $0.domains = [] })
            #expect(identity.email?.domain == "example.com")
        }
    }

    @Test(arguments: names)
    func `ends sessions, by either binding`(_ name: String) throws {
        let recording = try Recording(name)
        let provider = try TestProvider.make()
        var count = 0
        for one in try recording.cases() {
            for logout in try one.array("logouts").map({ try JSONMembers($0) }) {
                let isOurs = try logout.string("begun_by") == "sp"
                let now = try recording.time(logout, isOurs ? "answered_at" : "asked_at")
                let expectation = LogoutExpectation(
                    provider: try TestProvider.configuration(), idp: try recording.description(one, now: now),
                    serviceProvider: ServiceProvider(
                        entityID: recording.serviceProvider.entityID, acsURL: recording.serviceProvider.acsURL,
                        sloURL: recording.serviceProvider.sloURL, key: provider.serviceProvider.key), now: now)
                let message: LogoutMessage
                let url = try logout.optionalString(isOurs ? "response_url" : "request_url")
                if let url {
                    let query = String(url[try #require(url.firstRange(of: "?")).upperBound...])
                    message = try LogoutMessage(redirect: query, against: expectation)
                    try refuseChanges(of: query, against: expectation)
                } else {
                    let file = try logout.string(isOurs ? "response" : "request")
                    let xml = try Repository.bytes("\(recording.folder)/\(file)")
                    let kind = isOurs ? "SAMLResponse" : "SAMLRequest"
                    message = try LogoutMessage(
                        posted: PostedMessage(items: [(kind, Base64Text.encode(xml))]), against: expectation)
                }
                count += 1
                switch message {
                case .request(let request, _):
                    #expect(!isOurs && !request.sessionIndexes.isEmpty)
                case .response(let response, let relayState):
                    #expect(isOurs && response.status.isSuccess)
                    #expect(response.inResponseTo == (try logout.string("request_id")))
                    if url != nil { #expect(relayState == (try logout.optionalString("response_relay_state"))) }
                }
            }
        }
        #expect(count >= 3)
    }

    private func refuseChanges(of query: String, against expectation: LogoutExpectation) throws {
        let unsigned = String(query[..<(try #require(query.firstRange(of: "&Signature=")).lowerBound)])
        #expect(throws: SAMLError.redirectUnsigned) { try LogoutMessage(redirect: unsigned, against: expectation) }
        let changed =
            query.contains("RelayState=")
            ? query.replacing("RelayState=", with: "RelayState=x") : query + "&RelayState=x"
        #expect(throws: SAMLError.redirectSignature) { try LogoutMessage(redirect: changed, against: expectation) }
        #expect(throws: SAMLError.parameterRepeated("SigAlg")) {
            try LogoutMessage(redirect: query + "&SigAlg=x", against: expectation)
        }
    }
}
