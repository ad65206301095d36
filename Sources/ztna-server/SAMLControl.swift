import Cryptography
import Gateway
import Identity
import SAML
import SignedXML
import StrictJSON
import WebAddresses

/// The commands about SAML: what the server holds of each provider, and a test sign-in.
struct SAMLControl: Sendable {
    let serverURL: String
    let providers: [SAMLProviderConfiguration]
    /// Nil where no provider speaks SAML.
    let keyPair: SAMLKeyPair?
    let gateway: Gateway

    var commands: [AdministrationCommand] {
        [
            AdministrationCommand("saml-list", .administrators) { _, _ in try await list() },
            // Its address is good for anybody who has it.
            AdministrationCommand("saml-test", .local, changes: true) { members, _ in
                try test(try members.string("provider"))
            },
        ]
    }

    /// All at once, since one that does not answer takes ten seconds.
    private func list() async throws -> JSON {
        try await withThrowingTaskGroup(of: (Int, JSON).self) { group in
            for (index, provider) in providers.enumerated() { group.addTask { (index, try await row(provider)) } }
            var rows: [(Int, JSON)] = []
            for try await row in group { rows.append(row) }
            return .array(rows.sorted { $0.0 < $1.0 }.map(\.1))
        }
    }

    private func test(_ id: String) throws(AdministrationFailure) -> JSON {
        guard let provider = providers.first(where: { $0.id.text == id }) else {
            throw AdministrationFailure(explanation: "there is no SAML identity provider \(id.prefix(40))")
        }
        guard let url = gateway.beginTest(of: provider.id) else {
            throw AdministrationFailure(
                explanation: "too many test sign-ins are under way: open one of them, or wait ten minutes")
        }
        return ["url": .string(url)]
    }

    private func row(_ provider: SAMLProviderConfiguration) async throws -> JSON {
        var members: [String: JSON] = [
            "id": .string(provider.id.text), "name": .string(provider.name), "source": source(provider.source),
        ]
        if let keyPair {
            let ours = try ServiceProvider(serverURL: serverURL, provider: provider.id, key: keyPair.signingKey)
            members["ours"] = [
                "entity_id": .string(ours.entityID), "acs_url": .string(ours.acsURL.text),
                "slo_url": .string(ours.sloURL.text), "certificate": Self.json(keyPair.certificate),
            ]
        }
        do throws(ProviderFault) {
            members["theirs"] = try await gateway.description(of: provider).map(Self.json) ?? .null
            members["age"] = await gateway.metadataAges()[provider.id].map { .integer(max(0, $0)) } ?? .null
        } catch { members["fault"] = .string(error.metadataExplanation) }
        return .object(members)
    }

    private func source(_ source: SAMLProviderConfiguration.Source) -> JSON {
        switch source {
        case .inline: "configuration"
        case .file(let path): .string(path)
        case .url(let url): .string(url.text)
        }
    }

    private static func json(_ description: IdPDescription) -> JSON {
        [
            "entity_id": .string(description.entityID),
            "sign_on": json(description.ssoEndpoints), "logout": json(description.sloEndpoints.mapValues(\.location)),
            "certificates": .array(
                description.signingKeys.compactMap { try? X509Certificate(der: $0.certificate) }.map(json)),
            "valid_until": description.validUntil.map { .integer($0) } ?? .null,
            "notes": .array(description.notes.map { .string($0) }),
        ]
    }

    private static func json(_ endpoints: [Binding: EndpointURL]) -> JSON {
        .array(
            Binding.allCases.compactMap { binding in
                endpoints[binding].map { ["binding": .string(binding.name), "url": .string($0.text)] }
            })
    }

    private static func json(_ certificate: X509Certificate) -> JSON {
        [
            "subject": .string(certificate.subject), "key": .string("\(certificate.key)"),
            "not_after": .integer(certificate.notAfter), "sha256": .string(certificate.fingerprint),
        ]
    }
}
