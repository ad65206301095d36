import AccessPolicy
import CivilTime
import Cryptography
import Identity
import NetworkAddresses
import SignedDocuments
import StrictJSON
import Testing
import Wire

/// Keys and documents that the tests of this module spoil one at a time.
struct Samples {
    static let server = "https://ztna.example.com"
    static let now = 1_800_000_000

    let control = Samples.key(1)
    let device = Samples.key(2)
    let node: NodeID
    let principal: Principal
    let wireGuard: X25519PublicKey

    init() throws {
        node = try #require(NodeID("AAAAAAAAAAAAAAAAAAAAAA"))
        principal = Principal(
            node: node, host: try #require(HostName("laptop")),
            person: try #require(PersonID("BBBBBBBBBBBBBBBBBBBBBB")),
            email: EmailAddress("alice@example.com"), displayName: "Alice",
            provider: try #require(ProviderID("corp")), groups: [try #require(GroupName("engineering"))],
            tags: [try #require(TagName("prod"))])
        wireGuard = try X25519PublicKey([UInt8](repeating: 9, count: 32))
    }

    static func key(_ byte: UInt8) -> Ed25519PrivateKey {
        var seed = [UInt8](repeating: byte, count: 32)
        do { return try Ed25519PrivateKey(taking: &seed) } catch { fatalError("\(error)") }
    }

    var keys: [String: Ed25519PublicKey] { [control.publicKey.thumbprint: control.publicKey] }

    func registration(server: String = Self.server, host: String = "laptop") throws -> NodeRegistration {
        NodeRegistration(
            server: server, issuedAt: Self.now, wireGuardKey: wireGuard, hostName: host, operatingSystem: "Debian 12",
            endpoints: [try #require(Endpoint("192.0.2.1:51820")), try #require(Endpoint("[2001:db8::1]:51820"))])
    }

    func authorization(registration: String? = nil) throws -> NodeAuthorization {
        NodeAuthorization(
            issuer: Self.server, validity: Validity(issuedAt: Self.now, expiresAt: Self.now + 3600),
            device: device.publicKey, registration: try registration ?? self.registration().signed(by: device),
            addresses: [try #require(IPAddress("100.64.0.16")), try #require(IPAddress("fd00::16"))],
            principal: principal, session: try #require(SessionID("CCCCCCCCCCCCCCCCCCCCCC")), authTime: Self.now - 5,
            amr: ["pwd", "mfa"], acr: nil, mfaAt: Self.now - 5)
    }

    /// All that may be said about a node.
    func fullAuthorization() throws -> NodeAuthorization {
        var authorization = try authorization()
        authorization.sessionStartedAt = Self.now - 900
        authorization.origin = NodeOrigin(
            address: IPAddress("198.51.100.7"), country: CountryCode("DE"), until: Samples.now + 60)
        authorization.isManaged = true
        authorization.posture = PostureReport(
            takenAt: Self.now - 30,
            checks: [try PostureCheck("disk-encrypted"): .pass, try PostureCheck("firewall"): .unknown])
        return authorization
    }

    func slice() throws -> PolicySlice {
        let rule = Rule(
            name: try RuleName("ssh"), sources: [try Selector(parsing: "group:engineering")],
            destinations: [try Selector(parsing: "tag:prod")], allow: [try Service(parsing: "tcp/22")])
        return PolicySlice(
            issuer: Self.server, node: node, issuedAt: Self.now, revision: "0123456789abcdef", rules: [rule])
    }

    func fullSlice() throws -> PolicySlice {
        var slice = try slice()
        var conditions = Conditions()
        conditions.hours = WeeklyHours("Mon-Fri 08:00-19:00 Europe/Berlin")
        conditions.mfa = 3600
        slice.egress = [
            Rule(
                name: try RuleName("web"), sources: [.everyone], destinations: [try Selector(parsing: "tag:web")],
                allow: [try Service(parsing: "tcp/443")], conditions: conditions)
        ]
        slice.zones = [
            "Europe/Berlin": try #require(
                ZoneTable(
                    entries: [.init(at: Self.now, offset: 3600), .init(at: Self.now + 1000, offset: 7200)],
                    end: Self.now + 5000))
        ]
        return slice
    }

    /// The claims of a document with one of them replaced, signed again by the control key; nil removes it.
    func spoiling(_ text: String, _ type: DocumentType, _ name: String, _ value: JSON?) throws -> String {
        var claims = try SignedDocument.verify(text, type: type, keys: keys).members
        claims[name] = value
        return try SignedDocument.sign(
            .object(claims), type: type, by: control, header: ["kid": .string(control.publicKey.thumbprint)])
    }
}
