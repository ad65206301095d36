import AccessPolicy
import Agent
import Cryptography
import Identity
import NetworkAddresses
import SignedDocuments
import StrictJSON
import Testing
import Wire

/// A server's signing side: documents for any device.
struct Documents: Sendable {
    let control: Ed25519PrivateKey
    let server: String

    init(server: String = "https://ztna.example.com") throws {
        control = try Ed25519PrivateKey(from: .system)
        self.server = server
    }

    var keys: [String: Ed25519PublicKey] { [control.publicKey.thumbprint: control.publicKey] }

    static func id(_ number: Int) throws -> RecordID {
        let digits = "\(number)"
        return try #require(RecordID(String(repeating: "A", count: 22 - digits.count) + digits))
    }

    func registration(_ device: Ed25519PrivateKey, _ wireGuardKey: X25519PublicKey) throws -> String {
        try NodeRegistration(
            server: server, issuedAt: 0, wireGuardKey: wireGuardKey, hostName: "host", operatingSystem: "Linux",
            endpoints: []
        ).signed(by: device)
    }

    func authorization(
        _ number: Int, device: Ed25519PublicKey, registration: String, issuedAt: Int = 0, expiresAt: Int = 3600,
        by signer: Ed25519PrivateKey? = nil, issuer: String? = nil
    ) throws -> String {
        let principal = Principal(
            node: try Self.id(number), host: try #require(HostName("host-\(number)")),
            person: try Self.id(900 + number),
            email: EmailAddress("person\(number)@example.com"), displayName: "Person \(number)",
            provider: try #require(ProviderID("idp")), groups: [], tags: [])
        let authorization = NodeAuthorization(
            issuer: issuer ?? server, validity: Validity(issuedAt: issuedAt, expiresAt: expiresAt), device: device,
            registration: registration, addresses: [.v4(0x6440_0000 + UInt32(number))], principal: principal,
            session: try Self.id(800), authTime: nil, amr: [], acr: nil, mfaAt: nil)
        return try authorization.signed(by: signer ?? control)
    }

    func peer(_ number: Int, expiresAt: Int = 3600, by signer: Ed25519PrivateKey? = nil) throws -> String {
        let device = try Ed25519PrivateKey(from: .system)
        let text = try registration(device, X25519PrivateKey(from: .system).publicKey)
        return try authorization(
            number, device: device.publicKey, registration: text, expiresAt: expiresAt, by: signer)
    }

    func policy(for number: Int, issuedAt: Int = 0, by signer: Ed25519PrivateKey? = nil) throws -> String {
        try PolicySlice(
            issuer: server, node: Self.id(number), issuedAt: issuedAt, revision: "r\(issuedAt)", rules: []
        ).signed(by: signer ?? control)
    }
}
