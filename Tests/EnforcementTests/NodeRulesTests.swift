import AccessPolicy
import CivilTime
import Cryptography
import Enforcement
import Identity
import NetworkAddresses
import SignedDocuments
import Testing
import Wire

/// A mesh of documents that really are signed, of which a test changes what it is about.
struct Mesh {
    let control: Ed25519PrivateKey
    let server = "https://ztna.example.com"

    init() throws { control = try Ed25519PrivateKey(from: .system) }

    func node(
        _ host: String, number: UInt8, groups: [String] = [], expiresAt: Int = 1000, addresses: [String]? = nil,
        wireGuardKey: X25519PublicKey? = nil, mfaAt: Int? = nil
    ) throws -> MeshNode {
        let device = try Ed25519PrivateKey(from: .system)
        let key = try wireGuardKey ?? X25519PrivateKey(from: .system).publicKey
        let registration = NodeRegistration(
            server: server, issuedAt: 0, wireGuardKey: key, hostName: host, operatingSystem: "Linux",
            endpoints: [try #require(Endpoint("192.0.2.\(number):51820"))])
        let principal = Principal(
            node: try #require(NodeID(String(repeating: "A", count: 20) + "\(10 + number)")),
            host: try #require(HostName(host)), person: try #require(PersonID(String(repeating: "P", count: 22))),
            email: EmailAddress("\(host)@example.com"), displayName: host, provider: try #require(ProviderID("idp")),
            groups: Set(groups.compactMap { GroupName($0) }), tags: [])
        let authorization = NodeAuthorization(
            issuer: server, validity: Validity(issuedAt: 0, expiresAt: expiresAt), device: device.publicKey,
            registration: try registration.signed(by: device),
            addresses: try (addresses ?? ["100.64.0.\(number)", "fd00::\(number)"]).map { try #require(IPAddress($0)) },
            principal: principal, session: try #require(SessionID(String(repeating: "S", count: 22))), authTime: nil,
            amr: [], acr: nil, mfaAt: mfaAt)
        let text = try authorization.signed(by: control)
        return MeshNode(
            try VerifiedNode(
                verifying: text, keys: [control.publicKey.thumbprint: control.publicKey], server: server, now: 0))
    }

    func view(
        _ own: MeshNode, _ peers: [MeshNode], rules: [(String, String)] = [("group:dba", "tcp/5432")],
        egress: [(String, String)] = [], when: Conditions = Conditions()
    ) throws -> MeshView {
        func list(_ rules: [(String, String)], _ prefix: String) throws -> [Rule] {
            try rules.enumerated().map { index, rule in
                Rule(
                    name: try RuleName("\(prefix)-\(index)"), sources: [try Selector(parsing: rule.0)],
                    destinations: [.everyone], allow: [try Service(parsing: rule.1)], conditions: when)
            }
        }
        return MeshView(
            own: own, peers: Dictionary(peers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }),
            policy: PolicySlice(
                issuer: server, node: own.node, issuedAt: 0, revision: "1", rules: try list(rules, "rule"),
                egress: try list(egress, "out"), zones: ["Etc/UTC": .utc]))
    }
}

@Suite struct `Node rules` {
    @Test func `let a peer reach what a rule grants, from each of its addresses`() throws {
        let mesh = try Mesh()
        let peer = try mesh.node("db", number: 2, groups: ["dba"])
        let rules = NodeRules(try mesh.view(mesh.node("own", number: 1), [peer]), now: 500)
        #expect(rules.grants.map { "\($0.source) \($0.service.text)" } == ["100.64.0.2 tcp/5432", "fd00::2 tcp/5432"])
        #expect(
            rules.tunnels[peer.wireGuardKey]?.allowedIPs.map(\.description).sorted() == [
                "100.64.0.2/32", "fd00::2/128",
            ])
        #expect(rules.egress == Set(peer.addresses))
        #expect(Set(rules.egressEnds.keys) == rules.egress && Set(rules.egressEnds.values) == [1000])
    }

    @Test func `keep a peer without a grant reachable from here`() throws {
        let mesh = try Mesh()
        let rules = NodeRules(try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2)]), now: 500)
        #expect(rules.grants.isEmpty && rules.tunnels.count == 1)
    }

    @Test(arguments: [(900, 1000, 900), (1000, 900, 900), (1000, 1000, 1000)])
    func `end a grant with the earlier authorization`(_ own: Int, _ peer: Int, _ end: Int) throws {
        let mesh = try Mesh()
        let view = try mesh.view(
            mesh.node("own", number: 1, expiresAt: own), [mesh.node("b", number: 2, groups: ["dba"], expiresAt: peer)])
        #expect(Set(NodeRules(view, now: 500).grants.map(\.expiresAt)) == [end])
        #expect(NodeRules(view, now: 500).nextChange == end)
    }

    @Test func `leave out a peer in the second its authorization ends`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(
            mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"], expiresAt: 600)])
        #expect(NodeRules(view, now: 599).tunnels.count == 1)
        #expect(NodeRules(view, now: 600).tunnels.isEmpty)
        #expect(NodeRules(view, now: 600).grants.isEmpty)
    }

    @Test func `are empty once our own authorization has ended`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(
            mesh.node("own", number: 1, expiresAt: 600), [mesh.node("b", number: 2, groups: ["dba"])])
        #expect(NodeRules(view, now: 600) == .none)
    }

    @Test func `give an address that two peers claim to neither`() throws {
        let mesh = try Mesh()
        let first = try mesh.node("b", number: 2, groups: ["dba"])
        let second = try mesh.node("c", number: 3, groups: ["dba"], addresses: ["100.64.0.2"])
        let rules = NodeRules(try mesh.view(mesh.node("own", number: 1), [first, second]), now: 500)
        #expect(rules.grants.isEmpty && rules.tunnels.isEmpty)
        #expect(rules.conflicts == [first.node, second.node])
    }

    @Test func `change when one of two that claim an address ends`() throws {
        let mesh = try Mesh()
        let first = try mesh.node("b", number: 2, groups: ["dba"], expiresAt: 600)
        let second = try mesh.node("c", number: 3, groups: ["dba"], addresses: ["100.64.0.2"])
        let view = try mesh.view(mesh.node("own", number: 1), [first, second])
        #expect(NodeRules(view, now: 599).nextChange == 600)
        #expect(NodeRules(view, now: 600).tunnels.count == 1)
    }

    @Test func `refuse a peer that claims our address or our key`() throws {
        let mesh = try Mesh()
        let own = try mesh.node("own", number: 1)
        let address = try mesh.node("b", number: 2, groups: ["dba"], addresses: ["100.64.0.1"])
        let key = try mesh.node("c", number: 3, groups: ["dba"], wireGuardKey: own.wireGuardKey)
        let rules = NodeRules(try mesh.view(own, [address, key]), now: 500)
        #expect(rules.tunnels.isEmpty && rules.grants.isEmpty)
    }
}

@Suite struct `Node rules with conditions` {
    private func when(_ change: (inout Conditions) throws -> Void) rethrows -> Conditions {
        var conditions = Conditions()
        try change(&conditions)
        return conditions
    }

    @Test(arguments: [(500, 100, [600], 600), (500, 600, [1000], 1000), (500, 0, [], 1000), (300, 100, [], 1000)])
    func `end with the second factor, or with the authorization`(
        _ mfaAt: Int, _ age: Int, _ ends: [Int], _ next: Int
    ) throws {
        let mesh = try Mesh()
        let peer = try mesh.node("b", number: 2, groups: ["dba"], addresses: ["100.64.0.2"], mfaAt: mfaAt)
        let view = try mesh.view(mesh.node("own", number: 1), [peer], when: when { $0.mfa = age })
        let rules = NodeRules(view, now: 500)
        #expect(rules.grants.map(\.expiresAt) == ends)
        #expect(rules.nextChange == next)
    }

    @Test func `begin when their hours do, and end with them`() throws {
        let mesh = try Mesh()
        let peer = try mesh.node("b", number: 2, groups: ["dba"], expiresAt: 90_000, addresses: ["100.64.0.2"])
        let view = try mesh.view(
            mesh.node("own", number: 1, expiresAt: 90_000), [peer],
            when: when { $0.hours = WeeklyHours("Mon-Sun 01:00-02:00 Etc/UTC") })
        let closed = NodeRules(view, now: 3599)
        #expect(closed.grants.isEmpty && closed.nextChange == 3600)
        let open = NodeRules(view, now: 3600)
        #expect(open.grants.map(\.expiresAt) == [7200] && open.nextChange == 7200)
        #expect(NodeRules(view, now: 7200).grants.isEmpty)
    }

    @Test func `end with a rule's own end, to the second`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(
            mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])], when: when { $0.until = 700 })
        #expect(Set(NodeRules(view, now: 699).grants.map(\.expiresAt)) == [700])
        #expect(NodeRules(view, now: 700).grants.isEmpty)
    }

    @Test func `tell what others will take from here, by our own facts`() throws {
        let mesh = try Mesh()
        let own = try mesh.node("own", number: 1, groups: ["web"], mfaAt: 450)
        let peer = try mesh.node("b", number: 2, addresses: ["100.64.0.2"])
        let view = try mesh.view(
            own, [peer], rules: [], egress: [("group:web", "tcp/443")], when: when { $0.mfa = 100 })
        let grants = NodeRules(view, now: 500).egressGrants
        #expect(grants.map { "\($0.source) \($0.service.text) \($0.expiresAt)" } == ["100.64.0.2 tcp/443 550"])
        #expect(NodeRules(view, now: 550).egressGrants.isEmpty)
    }
}
