import AccessPolicy
import Cryptography
import Enforcement
import Identity
import NetworkAddresses
import SignedDocuments
import Wire

/// One node with very many grants: what its agent computes from a netmap, before anything is loaded into the kernel.
struct GrantsCompiled {
    /// Ports that each peer may open.
    private static let ports = 10
    private static let server = "https://ztna.example.com"
    private static let now = 1_800_000_000

    let count: Int

    func rows() throws -> [Row] {
        let view = try view()
        var made = 0
        let all = best { made = NodeRules(view, now: Self.now).grants.count }
        let own = view.own
        let plain = best {
            for peer in view.peers.values {
                _ = view.policy.grants(
                    from: peer.principal, to: own.principal, context: peer.context, now: Self.now)
            }
        }
        return [
            Row(
                name: "compile \(made) grants", value: all * 1e3, unit: "ms", reference: "grants of each peer alone",
                referenceValue: plain * 1e3)
        ]
    }

    /// As verified documents give it: peers in a hundred groups, a rule for each group.
    private func view() throws -> MeshView {
        let peers = max(1, count / Self.ports)
        let groups = try (0..<100).map { try PolicyPopulation.made(GroupName("group-\($0)")) }
        let population = try PolicyPopulation(people: peers + 1, groups: 1, destinations: 1)
        let control = try Self.key(0)
        let nodes = try population.people.enumerated().map { number, principal -> MeshNode in
            var principal = principal
            principal.groups = [groups[number % groups.count]]
            return try node(principal, number: number, control: control)
        }
        let rules = try groups.enumerated().map { number, group in
            Rule(
                name: try RuleName("rule-\(number)"), sources: [.group(group)], destinations: [.everyone],
                allow: try (0..<Self.ports).map { try Service(parsing: "tcp/\(1000 + 2 * $0)") })
        }
        let own = nodes[0]
        return MeshView(
            own: own,
            peers: Dictionary(nodes.dropFirst().map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }),
            policy: PolicySlice(
                issuer: Self.server, node: own.node, issuedAt: Self.now, revision: "bench", rules: rules))
    }

    private func node(_ principal: Principal, number: Int, control: Ed25519PrivateKey) throws -> MeshNode {
        let device = try Self.key(1)
        var wireGuard = [UInt8](repeating: 7, count: 32)
        for place in 0..<4 { wireGuard[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
        let registration = NodeRegistration(
            server: Self.server, issuedAt: Self.now, wireGuardKey: try X25519PublicKey(wireGuard),
            hostName: principal.host.text, operatingSystem: "Debian", endpoints: [])
        let authorization = NodeAuthorization(
            issuer: Self.server, validity: Validity(issuedAt: Self.now, expiresAt: Self.now + 3600),
            device: device.publicKey, registration: try registration.signed(by: device),
            addresses: [.v4(0x6440_0010 + UInt32(truncatingIfNeeded: number))], principal: principal,
            session: principal.node, authTime: nil, amr: [], acr: nil, mfaAt: nil)
        return MeshNode(
            try VerifiedNode(
                verifying: authorization.signed(by: control), keys: [control.publicKey.thumbprint: control.publicKey],
                server: Self.server, now: Self.now))
    }

    private static func key(_ byte: UInt8) throws -> Ed25519PrivateKey {
        var seed = [UInt8](repeating: byte, count: 32)
        return try Ed25519PrivateKey(taking: &seed)
    }
}
