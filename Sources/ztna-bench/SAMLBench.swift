import ArgumentParser
import CBareXMLSec
import Cryptography
import Glibc
import Identity
import SAML
import SignedXML
import Walkthrough
import WebAddresses

/// What a SAML response costs: the whole validation on one thread, beside libxmlsec1 by itself and python3-saml.
struct SAMLBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "saml", abstract: "CPU of validating a SAML response, hostile ones, memory, and sign-ins.")

    @Option(help: "Validations that are measured.") var rounds = 5000
    @Option(help: "Validations over which memory must stay flat.") var memoryRounds = 100_000
    @Option(help: "Sign-ins by many people at once, by SAML and by OpenID Connect.") var signIns = 1500
    @Option(help: "A Python with python3-saml: see IdPFixtures/python3-saml.") var python: String?
    @Option(help: "The hostile documents.") var corpus = "IdPFixtures/saml/attacks"
    @OptionGroup var output: Output

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let sample = try SAMLSample(now: Clocks.epoch)
        var notes = ["the response: \(sample.response.count) bytes, its assertion signed with RSA-2048 and SHA-256"]
        let own = try sample.seconds(rounds: rounds)
        let bare = try sample.bareSeconds(rounds: rounds)
        var rows = [
            Row(
                name: "response validated", value: own * 1e6, unit: "CPU-µs", reference: "libxmlsec1 by itself",
                referenceValue: bare * 1e6)
        ]
        if let python {
            let script = try PythonSAML(python: python, directory: directory.path)
            rows.append(
                Row(
                    name: "responses validated", value: 1 / own, unit: "1/CPU-s", reference: "python3-saml",
                    referenceValue: 1 / (try script.seconds(sample, rounds: max(50, rounds / 20)))))
        } else {
            notes.append("python3-saml was not asked: name a Python that has it with --python")
        }
        rows += try memory(sample)
        if let hostile = try HostileCorpus(directory: corpus) {
            let worst = try hostile.worst()
            rows.append(
                Row(
                    name: "worst hostile document", value: worst.seconds * 1e3, unit: "CPU-ms", reference: "limit",
                    referenceValue: 5))
            notes.append("\(hostile.count) hostile documents of \(corpus); the worst: \(worst.name)")
        } else {
            notes.append("no hostile documents in \(corpus): run it from the repository, or name --corpus")
        }
        let signIns = try await SAMLSignIns(count: self.signIns, directory: directory.path).measured()
        rows.append(
            Row(
                name: "sign-ins by SAML, 64 at once", value: 1 / signIns.saml, unit: "1/CPU-s",
                reference: "by OpenID Connect", referenceValue: 1 / signIns.openIDConnect))
        output.show(rows, notes: notes)
    }

    private func memory(_ sample: SAMLSample) throws -> [Row] {
        let before = try Resident.mebibytes()
        for _ in 0..<memoryRounds { try sample.validate() }
        return [
            Row(
                name: "memory after \(memoryRounds) validations", value: try Resident.mebibytes(), unit: "MiB resident",
                reference: "before them", referenceValue: before)
        ]
    }
}

/// One response of about 6 KB, and all that its validation needs.
struct SAMLSample {
    static let acs = "https://ztna.example.com/saml/corp/acs"
    static let serviceProvider = "https://ztna.example.com/saml/corp/metadata"
    static let provider = "https://login.example.com/metadata"
    static let requestID = "_4f0c1b5e9a7d2c3860b1f2e3d4c5a69788990011223344556677"

    let response: [UInt8]
    let key: SigningKey
    private let expectation: ResponseExpectation

    init(now: Int) throws {
        key = try InProcessSAMLProvider.newKey("bench", now: now)
        let groups = (0..<32).map { "engineering-platform-team-\($0)-members" }
        let provider = InProcessSAMLProvider(
            origin: "https://login.example.com",
            account: InProcessSAMLProvider.Account(nameID: "alice", email: "alice@example.com", groups: groups),
            key: key, clock: { now })
        _ = try provider.respond(
            to: Self.requestID, acs: Self.acs, audience: Self.serviceProvider, relayState: "")
        guard let sent = provider.sent.last.flatMap({ Base64Text.decode($0.response) }) else {
            throw BenchError.failed("the provider sent nothing")
        }
        response = sent
        guard let id = ProviderID("corp"), let domain = DomainName("example.com") else { throw BenchError.constant }
        let sso = try EndpointURL(parsing: "https://login.example.com/sso")
        let certificate = key.certificate.certificate
        expectation = ResponseExpectation(
            provider: SAMLProviderConfiguration(
                id: id, name: "Corp",
                source: .inline(entityID: Self.provider, ssoURL: sso, sloURL: nil, certificates: [certificate]),
                domains: [domain]),
            idp: try IdPDescription(
                entityID: Self.provider, ssoURL: sso, sloURL: nil, certificates: [certificate], now: now),
            spEntityID: Self.serviceProvider, acsURL: try EndpointURL(parsing: Self.acs), requestID: Self.requestID,
            requestedAt: now, now: now)
    }

    func validate() throws {
        let assertion = try ResponseValidation.validate(response, against: expectation)
        let identity = try SAMLIdentity(assertion: assertion, configuration: expectation.provider)
        guard identity.email?.text == "alice@example.com", identity.groups?.count == 32 else {
            throw BenchError.failed("another identity: \(identity)")
        }
    }

    /// CPU seconds of one validation, identity included.
    func seconds(rounds: Int) throws -> Double {
        for _ in 0..<100 { try validate() }
        let start = Clocks.thread
        for _ in 0..<rounds { try validate() }
        return (Clocks.thread - start) / Double(rounds)
    }

    func bareSeconds(rounds: Int) throws -> Double {
        let certificate = Array(pem.utf8)
        let microseconds = response.withUnsafeBytes { document in
            ztna_bare_xmlsec_loop(
                document.baseAddress?.assumingMemoryBound(to: CChar.self), document.count, certificate,
                certificate.count, Int32(clamping: rounds))
        }
        guard microseconds > 0 else { throw BenchError.failed("libxmlsec1 refuses the response") }
        return microseconds / 1e6
    }

    var pem: String {
        let text = Array(Base64Text.encode(key.certificate.certificate))
        let lines = stride(from: 0, to: text.count, by: 64).map { String(text[$0..<min($0 + 64, text.count)]) }
        return "-----BEGIN CERTIFICATE-----\n" + lines.joined(separator: "\n") + "\n-----END CERTIFICATE-----\n"
    }
}

enum Resident {
    /// Of this process. Source: proc_pid_status(5), `VmRSS`.
    static func mebibytes() throws -> Double {
        guard let file = fopen("/proc/self/status", "r") else { throw BenchError.failed("no /proc/self/status") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if text.hasPrefix("VmRSS:"), let kibibytes = Double(text.filter(\.isNumber)) { return kibibytes / 1024 }
        }
        throw BenchError.failed("no VmRSS")
    }
}
