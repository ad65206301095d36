import Compression
import Identity
import SAML
import SignedXML
import StrictJSON
import Testing
import WebAddresses

/// Every document of `IdPFixtures/saml/attacks` against the whole validation.
@Suite struct `The attack corpus` {
    /// What validation made of a document.
    enum Outcome: Equatable, CustomStringConvertible {
        case refused(String)
        /// No groups stated and no groups are one here.
        case accepted(subject: String, email: String?, groups: Set<String>)

        var description: String {
            switch self {
            case .refused(let name): "refused: \(name)"
            case .accepted(let subject, let email, let groups):
                "accepted: \(subject), \(email ?? "no e-mail"), \(groups.sorted())"
            }
        }
    }

    static let folder = "IdPFixtures/saml/attacks"

    private let manifest: JSONMembers
    private let decryptionKey: DecryptionKey

    init() throws {
        manifest = try Repository.json("\(Self.folder)/manifest.json")
        decryptionKey = try Repository.decryptionKey("\(Self.folder)/\(manifest.string("decryption_key"))")
    }

    @Test func `is refused, each for its own reason`() throws {
        let cases = try manifest.array("cases").map { try JSONMembers($0) }
        #expect(cases.count >= 150)
        for one in cases {
            let name = try one.string("name")
            let outcome = try outcome(of: one)
            let refusals = try one.strings("refusals")
            let isExpected = refusals.contains { outcome == .refused($0) }
            #expect(isExpected, "\(name): \(outcome), not \(refusals)")
        }
    }

    @Test func `leaves what is legal to be accepted, as exactly the person signed`() throws {
        let cases = try manifest.array("accepted").map { try JSONMembers($0) }
        #expect(!cases.isEmpty)
        for one in cases {
            let title = try one.string("name")
            let outcome = try outcome(of: one)
            let expected = try expected(of: one)
            #expect(outcome == expected, "\(title)")
        }
    }

    @Test func `leaves what may be either way to be refused, or accepted as exactly the person signed`() throws {
        for one in try manifest.array("either").map({ try JSONMembers($0) }) {
            let title = try one.string("name")
            let outcome = try outcome(of: one)
            if case .refused(let name) = outcome {
                let refusals = try one.strings("refusals")
                #expect(refusals.contains(name), "\(title): \(name)")
            } else {
                let expected = try expected(of: one)
                #expect(outcome == expected, "\(title)")
            }
        }
    }

    /// Nobody who is refused learns which rule it was, least of all what a decryption said.
    @Test func `is told one sentence, but for the provider's own words`() throws {
        var told: Set<String> = []
        for name in ["undecryptable", "unknownKey", "digestValue", "malformed"] {
            let error: SAMLError =
                switch name {
                case "undecryptable": .xml(.undecryptable)
                case "unknownKey": .xml(.unknownKey)
                case "digestValue": .xml(.digestValue)
                default: .unsigned
                }
            told.insert(error.personExplanation)
        }
        #expect(told.count == 1)
    }

    private func expected(of one: JSONMembers) throws -> Outcome {
        .accepted(
            subject: try one.string("subject"), email: try one.optionalString("email"),
            groups: Set(try one.optionalStrings("groups") ?? []))
    }

    private func outcome(of one: JSONMembers) throws -> Outcome {
        let defaults = try manifest.object("defaults")
        let settings = try one.has("settings") ? one.object("settings") : defaults
        let keys = try (settings.optionalStrings("pinned") ?? defaults.strings("pinned")).map {
            try Repository.bytes("\(Self.folder)/\(manifest.object("keys").string($0))")
        }
        let domains = try settings.optionalStrings("domains") ?? defaults.strings("domains")
        let provider = try TestProvider.configuration {
            $0.domains = domains.compactMap(DomainName.init)
            $0.allowsSHA1 = (try? settings.optionalBool("allow_sha1")) ?? false
            $0.allowsCBC = (try? settings.optionalBool("allow_cbc")) ?? true
            $0.requiresEncryptedAssertions = (try? settings.optionalBool("encrypted_required")) ?? false
        }
        do {
            let idp = try manifest.object("idp")
            let sp = try manifest.object("sp")
            let certificates = try keys.map { try Base64Text.decodePEM($0) }
            let description = try IdPDescription(
                entityID: idp.string("entity_id"), ssoURL: EndpointURL(parsing: idp.string("sso_url")), sloURL: nil,
                certificates: certificates, now: manifest.integer("now"))
            if try settings.optionalString("binding") == "redirect" {
                return try redirect(one, description)
            }
            let expectation = try ResponseExpectation(
                provider: provider, idp: description, spEntityID: sp.string("entity_id"),
                acsURL: EndpointURL(parsing: sp.string("acs_url")), requestID: manifest.string("request_id"),
                requestedAt: manifest.integer("now") - 30, now: manifest.integer("now"),
                decryptionKeys: [decryptionKey])
            let assertion = try ResponseValidation.validate(document(one), against: expectation)
            let seen = try settings.optionalStrings("seen") ?? []
            if seen.contains(assertion.replayKey.assertionID) { throw SAMLError.replayed }
            let identity = try SAMLIdentity(assertion: assertion, configuration: provider)
            return .accepted(
                subject: identity.subject, email: identity.email?.text,
                groups: Set((identity.groups ?? []).map(\.text)))
        } catch let error as SAMLError {
            return .refused(error == .messageTooLarge ? "tooLarge" : error.name)
        } catch IdPMetadataError.noUsableKey {
            return .refused("weakKey")
        }
    }

    /// A query whose signature is right, so that it is inflated at all.
    private func redirect(_ one: JSONMembers, _ description: IdPDescription) throws -> Outcome {
        let key = try SigningKey(
            privateKey: Repository.bytes("\(Self.folder)/keys/idp.key.pem"),
            certificate: Repository.bytes("\(Self.folder)/keys/idp.crt"))
        let recipe = try one.object("recipe")
        let deflated = try #require(Deflate.compress(repeated(recipe.object("of"))))
        let query = try FormEncoding.encode([
            (recipe.string("parameter"), Base64Text.encode(deflated)),
            ("SigAlg", SignatureMethod.rsaSHA256.rawValue),
        ])
        let signature = Base64Text.encode(try key.signature(of: Array(query.utf8)))
        let message = try RedirectBinding.message(
            parsing: query + "&" + FormEncoding.encode([("Signature", signature)]), keys: description.signingKeys,
            policy: AlgorithmPolicy())
        return .accepted(subject: String(decoding: message.xml.prefix(60), as: UTF8.self), email: nil, groups: [])
    }

    private func document(_ one: JSONMembers) throws -> [UInt8] {
        guard one.has("recipe") else { return try Repository.bytes("\(Self.folder)/\(one.string("file"))") }
        return try repeated(one.object("recipe"))
    }

    /// At most 32 MiB: far past every limit, and quickly made.
    private func repeated(_ recipe: JSONMembers) throws -> [UInt8] {
        let unit = Array(try recipe.string("unit").utf8)
        let count = min(try recipe.integer("count"), (32 << 20) / max(unit.count, 1))
        var bytes = Array(try recipe.string("prefix").utf8)
        for _ in 0..<count { bytes += unit }
        return bytes + Array(try recipe.string("suffix").utf8)
    }
}

extension Base64Text {
    /// The first block of a PEM file, whatever it holds.
    fileprivate static func decodePEM(_ bytes: [UInt8]) throws -> [UInt8] {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }
        return try #require(decode(lines.joined()))
    }
}
