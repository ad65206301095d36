import Foundation
import Identity
import SAML
import SignedXML
import StrictJSON
import WebAddresses

/// Every hostile document of the attack corpus that comes by POST.
struct HostileCorpus {
    private let documents: [(name: String, bytes: [UInt8])]
    private let expectation: ResponseExpectation

    var count: Int { documents.count }

    /// Nil when there is no corpus.
    init?(directory: String) throws {
        guard let text = FileManager.default.contents(atPath: directory + "/manifest.json") else { return nil }
        func read(_ file: String) throws -> [UInt8] {
            guard let data = FileManager.default.contents(atPath: directory + "/" + file) else {
                throw BenchError.failed("\(directory)/\(file) is missing")
            }
            return Array(data)
        }
        let manifest = try JSONMembers(parsing: Array(text), maximumBytes: text.count)
        documents = try manifest.array("cases").compactMap { value in
            let one = try JSONMembers(value)
            let name = try one.string("name")
            guard one.has("recipe") else { return (name, try read(try one.string("file"))) }
            let recipe = try one.object("recipe")
            guard try recipe.string("kind") == "repeat" else { return nil }
            let unit = Array(try recipe.string("unit").utf8)
            let middle = repeatElement(unit, count: try recipe.integer("count")).joined()
            return (name, Array(try recipe.string("prefix").utf8) + middle + Array(try recipe.string("suffix").utf8))
        }
        let now = try manifest.integer("now")
        let (idp, serviceProvider) = (try manifest.object("idp"), try manifest.object("sp"))
        let key = try PinnedKey(pem: try read(try manifest.object("keys").string("idp")))
        guard let id = ProviderID("corp"), let domain = DomainName("example.com") else { throw BenchError.constant }
        let sso = try EndpointURL(parsing: try idp.string("sso_url"))
        let entityID = try idp.string("entity_id")
        expectation = ResponseExpectation(
            provider: SAMLProviderConfiguration(
                id: id, name: "Corp",
                source: .inline(entityID: entityID, ssoURL: sso, sloURL: nil, certificates: [key.certificate]),
                domains: [domain]),
            idp: try IdPDescription(
                entityID: entityID, ssoURL: sso, sloURL: nil, certificates: [key.certificate], now: now),
            spEntityID: try serviceProvider.string("entity_id"),
            acsURL: try EndpointURL(parsing: try serviceProvider.string("acs_url")),
            requestID: try manifest.string("request_id"), requestedAt: now - 30, now: now,
            decryptionKeys: [try DecryptionKey(privateKey: try read(try manifest.string("decryption_key")))])
    }

    /// The document that costs most, by the least of three tries: what others do to the caches is not its fault.
    func worst() throws -> (name: String, seconds: Double) {
        var worst = (name: "", seconds: 0.0)
        for (name, bytes) in documents {
            var least = Double.infinity
            for _ in 0..<3 {
                let start = Clocks.thread
                _ = try? ResponseValidation.validate(bytes, against: expectation)
                least = min(least, Clocks.thread - start)
            }
            if least > worst.seconds { worst = (name, least) }
        }
        return worst
    }
}
