import SAML
import SignedXML
import Testing
import WebAddresses

/// Seeded changes to what is right: nothing traps, and nobody else comes out.
@Suite struct `Mutated messages` {
    @Test(arguments: [TestProvider.Signing.response, .assertion, .both])
    func `as responses never say something else`(_ signing: TestProvider.Signing) throws {
        let provider = try TestProvider.make()
        let good = try provider.response(signing)
        let first = try provider.validate(good)
        var mutator = Mutator(state: 1)
        for _ in 0..<1_500 {
            guard let assertion = try? provider.validate(mutator.mutate(good)) else { continue }
            #expect(assertion.nameID == first.nameID && assertion.attributes == first.attributes)
            #expect(assertion.authnInstant == first.authnInstant && assertion.replayKey == first.replayKey)
        }
    }

    /// Signed after the change, so that every rule behind the signature is reached.
    @Test func `signed by the provider itself never trap`() throws {
        let provider = try TestProvider.make()
        let good = Array(TestProvider.response.replacing("ASSERTION", with: TestProvider.assertion).utf8)
        var mutator = Mutator(state: 2)
        var signed = 0
        for _ in 0..<1_200 {
            guard let bytes = try? provider.key.signed(mutator.mutate(good)) else { continue }
            signed += 1
            guard let assertion = try? provider.validate(bytes) else { continue }
            #expect(assertion.issuer == TestProvider.entityID && assertion.requestID == TestProvider.requestID)
            _ = try? SAMLIdentity(assertion: assertion, configuration: TestProvider.configuration())
        }
        #expect(signed > 100)
    }

    @Test func `by redirect never pass`() throws {
        let provider = try TestProvider.make()
        let request = LogoutRequest(id: "_q", nameID: try NameID("alice"), sessionIndexes: ["_s"])
        let sent = try request.outgoing(
            from: provider.serviceProvider, to: provider.idp, relayState: RelayState("r"), now: TestProvider.now)
        guard case .redirect(let url) = sent else { return }
        let good = Array(url[try #require(url.firstRange(of: "SAMLRequest")).lowerBound...].utf8)
        let keys = [provider.serviceProvider.key.certificate]
        let message = try RedirectBinding.message(
            parsing: String(decoding: good, as: UTF8.self), keys: keys, policy: AlgorithmPolicy())
        var mutator = Mutator(state: 3)
        for _ in 0..<3_000 {
            let query = String(decoding: mutator.mutate(good), as: UTF8.self)
            // Only what the signature does not cover may differ.
            guard let other = try? RedirectBinding.message(parsing: query, keys: keys, policy: AlgorithmPolicy()) else {
                continue
            }
            #expect(other == message)
        }
    }

    @Test func `as metadata, forms and times never trap`() throws {
        let provider = try TestProvider.make()
        let metadata = try ServiceProviderMetadata.signed(for: provider.serviceProvider, id: "_m")
        let vendor = try Repository.bytes("IdPFixtures/okta/saml/metadata.xml")
        var mutator = Mutator(state: 4)
        for _ in 0..<1_000 {
            for good in [metadata, vendor] {
                let found = try? IdPMetadata.parse(
                    mutator.mutate(good), options: IdPMetadata.Options(), now: TestProvider.now)
                if let found {
                    #expect(found.ssoEndpoints.values.allSatisfy { $0.isSecure } && !found.signingKeys.isEmpty)
                }
            }
            _ = try? PostedMessage(items: [
                ("SAMLResponse", String(decoding: mutator.mutate(Array("PGEvPg==".utf8)), as: UTF8.self))
            ])
            _ = SAMLTime.parse(
                String(decoding: mutator.mutate(Array("2027-01-15T08:00:00.5+01:00".utf8)), as: UTF8.self))
            _ = SAMLTime.duration(String(decoding: mutator.mutate(Array("P1Y2M3DT4H5M6.7S".utf8)), as: UTF8.self))
            _ = try? RedactedResponse.text(of: mutator.mutate(metadata), masksPeople: true)
        }
    }
}
