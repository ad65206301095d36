import AccessPolicy
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
        wireGuardKey: X25519PublicKey? = nil
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
            amr: [], acr: nil, mfaAt: nil)
        let text = try authorization.signed(by: control)
        return MeshNode(
            try VerifiedNode(
                verifying: text, keys: [control.publicKey.thumbprint: control.publicKey], server: server, now: 0))
    }

    func view(_ own: MeshNode, _ peers: [MeshNode], rules: [(String, String)] = [("group:dba", "tcp/5432")]) throws
        -> MeshView
    {
        let list = try rules.enumerated().map { index, rule in
            Rule(
                name: try RuleName("rule-\(index)"), sources: [try Selector(parsing: rule.0)],
                destinations: [.everyone],
                allow: [try Service(parsing: rule.1)])
        }
        return MeshView(
            own: own, peers: Dictionary(peers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }),
            policy: PolicySlice(issuer: server, node: own.node, issuedAt: 0, revision: "1", rules: list))
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

    @Test func `refuse a peer that claims our address or our key`() throws {
        let mesh = try Mesh()
        let own = try mesh.node("own", number: 1)
        let address = try mesh.node("b", number: 2, groups: ["dba"], addresses: ["100.64.0.1"])
        let key = try mesh.node("c", number: 3, groups: ["dba"], wireGuardKey: own.wireGuardKey)
        let rules = NodeRules(try mesh.view(own, [address, key]), now: 500)
        #expect(rules.tunnels.isEmpty && rules.grants.isEmpty)
    }
}

@Suite struct `An attempt` {
    private func attempt(
        _ source: String, _ destination: String, _ port: UInt16?, number: UInt8 = 6,
        _ outcome: ConnectionAttempt.Outcome
    ) throws -> ConnectionAttempt {
        ConnectionAttempt(
            source: try #require(IPAddress(source)), destination: try #require(IPAddress(destination)),
            protocolNumber: number, port: port, outcome: outcome)
    }

    @Test func `that was allowed names person, groups and rule`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])])
        let words = view.explain(try attempt("100.64.0.2", "100.64.0.1", 5432, .allowed), now: 500)
        #expect(words.person == "b@example.com" && words.host == "b")
        #expect(words.reason.contains("rule-0") && words.reason.contains("dba"))
    }

    @Test(arguments: [(22 as UInt16?, 6 as UInt8, "only tcp/5432"), (nil, 47, "IP protocol 47")])
    func `that was refused says why`(_ port: UInt16?, _ number: UInt8, _ words: String) throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])])
        let refused = try attempt("100.64.0.2", "100.64.0.1", port, number: number, .refusedInbound)
        #expect(view.explain(refused, now: 500).reason.contains(words))
    }

    @Test func `from an address without an authorized device names nobody`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, expiresAt: 100)])
        let words = view.explain(try attempt("100.64.0.2", "100.64.0.1", 22, .refusedInbound), now: 500)
        #expect(words.person == nil && words.reason.contains("No authorized device"))
    }

    @Test func `towards no peer says that no rule lets them talk`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2)])
        let none = view.explain(try attempt("100.64.0.1", "100.64.0.9", 22, .refusedWithoutPeer), now: 500)
        #expect(none.reason == "No rule lets you and any device at 100.64.0.9 talk, or it is offline.")
        let late = view.explain(try attempt("100.64.0.1", "100.64.0.2", 22, .refusedWithoutPeer), now: 500)
        #expect(late.host == "b" && late.reason.contains("its own rules decide"))
    }

    @Test(arguments: [(6 as UInt8, 22 as UInt16?, "tcp/22"), (1, nil, "icmp"), (58, nil, "icmp"), (47, nil, "ip/47")])
    func `names its service`(_ number: UInt8, _ port: UInt16?, _ text: String) throws {
        #expect(try attempt("100.64.0.1", "100.64.0.2", port, number: number, .allowed).service == text)
    }
}
