import Identity
import IdentityProviders
import OpenIDConnect
import SAML
import Testing

@Suite struct `An identity provider` {
    @Test func `shows the same facts whichever protocol it speaks`() throws {
        let id = try #require(ProviderID("corp"))
        let domain = try #require(DomainName("example.com"))
        let openID = ProviderConfiguration(
            id: id, name: "Corp", issuer: "https://idp.example.com", clientID: "ztna", domains: [domain])
        let saml = SAMLProviderConfiguration(
            id: id, name: "Corp", source: .file(path: "metadata.xml"), domains: [domain])
        for provider in [IdentityProvider.openIDConnect(openID), .saml(saml)] {
            #expect(provider.id == id)
            #expect(provider.name == "Corp")
            #expect(provider.domains == [domain])
            #expect(provider.admins.isEmpty)
        }
    }
}
