import AccessPolicy
import Agent
import CivilTime
import Cryptography
import Enforcement
import Identity
import NetworkAddresses
import SignedDocuments
import Testing
import Wire

@testable import LinuxNetwork

/// From signed documents to the members of the kernel's sets: what they let in is what the policy decides.
@Suite struct `The compiled filter` {
    @Test(arguments: 0..<12)
    func `lets in at every moment what the policy allows`(_ seed: UInt64) throws {
        var random = RandomMesh(seed: seed)
        for _ in 0..<6 {
            let now = random.pick([1000, 1019, 1079, 1080, 1140])
            let view = try random.view()
            let plan = TunnelPlan(
                view, interface: try #require(InterfaceName("ztna0")), locals: [], checksEgress: true, now: now)
            let elements = FilterElements(plan.filter)
            // Until then nobody needs to look at the table; afterwards it may only let in too little.
            let next = plan.rules.nextChange ?? 1 << 40
            for moment in Set([now, now + 1, now + 59, next - 1, next, next + 61]).sorted() where moment >= now {
                for peer in view.peers.values { try compare(view, elements, peer, at: moment, isExact: moment < next) }
            }
        }
    }

    private func compare(
        _ view: MeshView, _ elements: FilterElements, _ peer: MeshNode, at moment: Int, isExact: Bool
    ) throws {
        for transport in TransportProtocol.allCases {
            let ports: [UInt16?] = transport == .icmp ? [nil] : [1, 21, 22, 23, 24, 25, 53, 80, 443, 65_535]
            for port in ports {
                let areLiving = peer.isLiving(at: moment) && view.own.isLiving(at: moment)
                let inbound = view.policy.decide(
                    source: peer.principal, destination: view.own.principal, protocol: transport, port: port,
                    context: peer.context, now: moment)
                let outbound = view.egressPolicy.decide(
                    source: view.own.principal, destination: peer.principal, protocol: transport, port: port,
                    context: view.own.context, now: moment)
                for (sets, decision) in [("", inbound), ("to_", outbound)] {
                    let isAllowed = areLiving && decision.isAllowed
                    for address in peer.addresses {
                        let passes = elements.lets(address, transport, port, at: moment, in: sets)
                        if isExact ? passes != isAllowed : passes && !isAllowed {
                            let service = port.map { "\(transport.rawValue)/\($0)" } ?? transport.rawValue
                            Issue.record(
                                "\(sets)\(address) \(service) at \(moment): \(passes), not \(isAllowed): \(elements)")
                        }
                    }
                }
            }
        }
    }
}

extension FilterElements {
    /// As the rules of the chain `inbound` look a packet up, or with the sets `to_` those of `checked`.
    fileprivate func lets(
        _ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16?, at now: Int, in sets: String
    ) -> Bool {
        let family = address.isV4 ? "4" : "6"
        let living = living(at: now).sets
        func has(_ set: String, _ key: String) -> Bool { living[sets + set + family]?[key] != nil }
        if has("any", "\(address)") { return true }
        guard let port else { return has("ping", "\(address)") }
        let start = "\(address) . \(transport.number(v4: true)) . "
        if has("port", start + "\(port)") { return true }
        return living[sets + "range" + family]?.keys.contains { key in
            guard key.hasPrefix(start) else { return false }
            let bounds = key.dropFirst(start.count).split(separator: "-").compactMap { UInt16($0) }
            return bounds.count == 2 && bounds[0] <= port && port <= bounds[1]
        } ?? false
    }
}

/// Small meshes whose rules and facts meet often.
private struct RandomMesh {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return elements[Int((state >> 33) % UInt64(elements.count))]
    }

    mutating func view() throws -> MeshView {
        let documents = try Documents()
        let own = try node(1, documents)
        let peers = try (2...4).map { try node($0, documents) }
        let rules = try (0..<pick([1, 3, 6])).map { try rule($0) }
        var slice = PolicySlice(issuer: documents.server, node: own.node, issuedAt: 0, revision: "r", rules: rules)
        slice.egress = try (0..<pick([1, 3])).map { try rule($0) }
        slice.zones = ["Etc/UTC": .utc]
        return MeshView(
            own: own, peers: Dictionary(peers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }),
            policy: slice)
    }

    private mutating func rule(_ index: Int) throws -> Rule {
        var conditions = Conditions()
        if pick([true, false]) { conditions.mfa = pick([60, 120]) }
        if pick([true, false, false]) { conditions.authAge = pick([80, 600]) }
        if pick([true, false, false]) { conditions.sessionAge = pick([100, 600]) }
        if pick([true, false, false]) { conditions.until = pick([1050, 1100, 5000]) }
        if pick([true, false, false]) { conditions.hours = WeeklyHours("Thu 00:17-00:18 Etc/UTC") }
        if pick([true, false, false, false]) { conditions.operatingSystems = [pick(["linux", "windows"])] }
        if pick([true, false, false, false]) { conditions.managed = pick([true, false]) }
        if pick([true, false, false, false]) { conditions.posture = [try PostureCheck("disk-encrypted")] }
        if pick([true, false, false, false]) { conditions.countries = Set(["DE"].compactMap { CountryCode($0) }) }
        if pick([true, false, false, false]) { conditions.networks = ["192.0.2.0/24"].compactMap { IPPrefix($0) } }
        return Rule(
            name: try RuleName("rule-\(index)"),
            sources: [try Selector(parsing: pick(["*", "group:dba", "group:ops", "user:person2@example.com"]))],
            destinations: [try Selector(parsing: pick(["*", "device:host-1", "device:host-2"]))],
            allow: try (0..<pick([1, 2])).map { _ in
                try Service(
                    parsing: pick([
                        "tcp/22", "tcp/22-24", "tcp/23-25", "tcp", "udp/53", "udp", "icmp", "any", "tcp/1-65535",
                    ]))
            }, conditions: conditions)
    }

    private mutating func node(_ number: Int, _ documents: Documents) throws -> MeshNode {
        let device = try Ed25519PrivateKey(from: .system)
        let principal = Principal(
            node: try Documents.id(number), host: try #require(HostName("host-\(number)")),
            person: try Documents.id(900 + number), email: EmailAddress("person\(number)@example.com"),
            displayName: "Person \(number)", provider: try #require(ProviderID("idp")),
            groups: Set(pick([[], ["dba"], ["ops"], ["dba", "ops"]]).compactMap { GroupName($0) }), tags: [])
        var authorization = NodeAuthorization(
            issuer: documents.server, validity: Validity(issuedAt: 0, expiresAt: pick([1060, 1120, 9000])),
            device: device.publicKey,
            registration: try documents.registration(device, X25519PrivateKey(from: .system).publicKey),
            addresses: [.v4(0x6440_0000 + UInt32(number)), try #require(IPAddress("fd00::\(number)"))],
            principal: principal, session: try Documents.id(800), authTime: pick([nil, 950, 1000]), amr: [], acr: nil,
            mfaAt: pick([nil, 960, 1000, 1030]))
        authorization.sessionStartedAt = pick([nil, 500, 990])
        authorization.isManaged = pick([nil, true, false])
        // Believed for a quarter of an hour.
        authorization.posture = PostureReport(
            takenAt: pick([100, 150, 200, 990]),
            checks: [try PostureCheck("disk-encrypted"): pick([.pass, .pass, .unknown, .fail])])
        authorization.origin = NodeOrigin(
            address: IPAddress(pick(["192.0.2.7", "198.51.100.1"])), country: CountryCode(pick(["DE", "FR"])),
            until: pick([1010, 1070, 9000]))
        return MeshNode(
            try VerifiedNode(
                verifying: authorization.signed(by: documents.control), keys: documents.keys, server: documents.server,
                now: 0))
    }
}
