import Foundation
import Glibc
import Identity
import SAML
import SignedXML
import StrictJSON
import WebAddresses

/// libFuzzer, over SAML responses: each goes through the whole validation, from bytes to a person.
@main struct FuzzSAML {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { start, count in
                Target.shared.take(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            })
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Stops the program when somebody gets in whom no document of the attack corpus lets in.
private struct Target: Sendable {
    static let shared: Target = {
        do { return try Target() } catch { fatalError("the attack corpus cannot be read: \(error)") }
    }()

    private struct Person: Hashable {
        var subject: String
        var email: String?
        var groups: Set<String>
    }

    private let expectations: [ResponseExpectation]
    private let people: Set<Person>

    private init() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "IdPFixtures/saml/attacks")
        func read(_ file: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: file))) }
        let text = try read("manifest.json")
        let manifest = try JSONMembers(parsing: text, maximumBytes: text.count)
        let (idp, serviceProvider) = (try manifest.object("idp"), try manifest.object("sp"))
        let now = try manifest.integer("now")
        let keys = try manifest.object("keys")
        // Every key that an accepted document is signed with: the more ways in, the more to find.
        var names: Set<String> = []
        var people: Set<Person> = []
        for value in try manifest.array("accepted") + manifest.array("either") {
            let one = try JSONMembers(value)
            people.insert(
                Person(
                    subject: try one.string("subject"), email: try one.optionalString("email"),
                    groups: Set(try one.optionalStrings("groups") ?? [])))
            if one.has("settings") { names.formUnion(try one.object("settings").optionalStrings("pinned") ?? []) }
        }
        names.formUnion(try manifest.object("defaults").strings("pinned"))
        self.people = people
        let certificates = try names.sorted().map { try PinnedKey(pem: read(keys.string($0))).certificate }
        let entityID = try idp.string("entity_id")
        let sso = try EndpointURL(parsing: try idp.string("sso_url"))
        let description = try IdPDescription(
            entityID: entityID, ssoURL: sso, sloURL: nil, certificates: certificates, now: now)
        let decryption = try DecryptionKey(privateKey: read(try manifest.string("decryption_key")))
        guard let id = ProviderID("example"), let domain = DomainName("example.com") else { fatalError("constants") }
        let acs = try EndpointURL(parsing: try serviceProvider.string("acs_url"))
        let (ours, request) = (try serviceProvider.string("entity_id"), try manifest.string("request_id"))
        expectations = [false, true].map { allowsSHA1 in
            ResponseExpectation(
                provider: SAMLProviderConfiguration(
                    id: id, name: "Example",
                    source: .inline(entityID: entityID, ssoURL: sso, sloURL: nil, certificates: certificates),
                    allowsSHA1: allowsSHA1, domains: [domain]),
                idp: description, spEntityID: ours, acsURL: acs, requestID: request, requestedAt: now - 30, now: now,
                decryptionKeys: [decryption])
        }
    }

    func take(_ bytes: [UInt8]) {
        for expectation in expectations {
            guard let assertion = try? ResponseValidation.validate(bytes, against: expectation),
                let identity = try? SAMLIdentity(assertion: assertion, configuration: expectation.provider)
            else { continue }
            let person = Person(
                subject: identity.subject, email: identity.email?.text,
                groups: Set((identity.groups ?? []).map(\.text)))
            guard people.contains(person) else { fatalError("let in as \(person)") }
        }
    }
}
