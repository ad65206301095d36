import AccessPolicy
import Agent
import ArgumentParser
import Cryptography
import Enforcement
import Foundation
import Identity
import IdleMemory
import LinuxNetwork
import NetworkAddresses
import SignedDocuments
import StrictJSON
import Wire

/// What compiling, loading, changing and reading back many grants takes, and the memory: run by `enforce`, in a namespace.
struct FilterFigures: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "filter-figures", shouldDisplay: false)

    @Option var grants: Int

    func run() async throws {
        guard let interface = InterfaceName("zb0") else { throw BenchError.constant }
        IdleMemory.release()
        let before = try Self.resident()
        guard grants >= 100, grants.isMultiple(of: 100) else { throw ValidationError("--grants: hundreds") }
        let now = Clocks.epoch
        let view = try BenchView.make(peers: max(grants / 100, 1), services: 100, now: now)
        var plan = TunnelPlan(view, interface: interface, locals: [], now: now)
        let compile = Self.milliseconds { plan = TunnelPlan(view, interface: interface, locals: [], now: now) }
        guard plan.filter.grants.count == grants else { throw BenchError.failed("\(plan.filter.grants.count) grants") }
        let filter = try PacketFilter()
        let load = try await Self.milliseconds { try await filter.replace(with: plan.filter, now: FilterTime(now)) }
        let change = try await Self.change(plan.filter, in: filter, now: now)
        let check = try await Self.milliseconds {
            guard try await filter.matches(plan.filter, now: Clocks.epoch) else {
                throw BenchError.failed("the table differs")
            }
        }
        let peak = try Self.resident("VmHWM") - before
        // As the agent does each minute.
        IdleMemory.release()
        let memory = try Self.resident() - before
        var ranged = plan.filter
        ranged.grants =
            (0..<Self.ranges).map { index in
                FilterGrant(
                    source: .v4(0x6460_0000 + UInt32(clamping: index)), traffic: .tcp(8000...8100),
                    expiresAt: now + 3600)
            } + plan.filter.grants
        ranged.peers.formUnion(ranged.grants.map(\.source))
        let rangeChange = try await Self.change(ranged, in: filter, now: now)
        let figures: JSON = [
            "grants": .integer(plan.filter.grants.count), "compile": .number(compile), "load": .number(load),
            "change": .number(change), "range": .number(rangeChange), "check": .number(check),
            "memory": .number(memory), "peak": .number(peak),
        ]
        print(figures.encodedText())
        try await filter.removeTable()
    }

    /// Ranges beside the single ports.
    private static let ranges = 300

    /// The first grant away and back, by turns: the median in milliseconds.
    private static func change(_ rules: FilterRuleSet, in filter: PacketFilter, now: Int) async throws -> Double {
        var without = rules
        without.grants.removeFirst()
        try await filter.update(to: rules, now: FilterTime(now))
        var changes: [Double] = []
        for _ in 0..<20 {
            for next in [without, rules] {
                changes.append(
                    try await milliseconds { try await filter.update(to: next, now: FilterTime(now)) })
            }
        }
        return EnforceBench.median(changes)
    }

    static func rows(of text: String, grants: Int) throws -> [Row] {
        let members = try JSONMembers(parsing: Array(text.utf8))
        func row(_ name: String, _ member: String, _ unit: String, _ reference: String, _ value: Double) -> Row {
            Row(
                name: "\(grants) grants: \(name)", value: members.members[member]?.numberValue ?? 0, unit: unit,
                reference: reference, referenceValue: value)
        }
        return [
            row("from netmap to rules", "compile", "ms", "target, with the load", 2000),
            row("loaded into the kernel", "load", "ms", "target", 2000),
            row("one more or less", "change", "ms", "target", 10),
            row("one range of \(ranges) more or less", "range", "ms", "target", 10),
            row("read back and compared", "check", "ms", "once a minute", 60_000),
            row("memory of the process for them", "memory", "MiB resident", "earlier measurement", 105),
            row("the same while they are loaded and read back", "peak", "MiB resident", "earlier measurement", 105),
        ]
    }

    /// Single ports of addresses that are nobody's.
    static func grants(_ count: Int, until end: Int) -> [FilterGrant] {
        (0..<max(count, 0)).map { index in
            let port = UInt16(clamping: 1000 + index % 100)
            return FilterGrant(
                source: .v4(0x6450_0000 + UInt32(clamping: index / 100)), traffic: .tcp(port...port), expiresAt: end)
        }
    }

    private static func milliseconds(_ work: () async throws -> Void) async rethrows -> Double {
        let start = Clocks.wall
        try await work()
        return (Clocks.wall - start) * 1000
    }

    private static func milliseconds(_ work: () -> Void) -> Double {
        let start = Clocks.wall
        work()
        return (Clocks.wall - start) * 1000
    }

    /// MiB, now or (`VmHWM`) at the most so far. Source: proc_pid_status(5).
    private static func resident(_ field: String = "VmRSS") throws -> Double {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field + ":") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        else { throw BenchError.failed("no \(field)") }
        return kibibytes / 1024
    }
}

/// A netmap of signed documents, as an agent holds it.
enum BenchView {
    /// Each peer may open so many single ports here, none beside another (they would be one range); peer `n` is 100.64.16.0 plus n. With `everything`, peers may open all.
    static func make(peers: Int, services: Int, everything: Bool = false, now: Int) throws -> MeshView {
        let control = try Ed25519PrivateKey(from: .system)
        let own = try node(0, address: .v4(0x6440_0901), by: control, now: now)
        guard let group = GroupName("staff") else { throw BenchError.constant }
        let allow =
            try everything
            ? [Service(parsing: "any")] : (0..<services).map { try Service(parsing: "tcp/\(1000 + 2 * $0)") }
        let rule = Rule(
            name: try RuleName("staff"), sources: [.group(group)], destinations: [.everyone], allow: allow)
        guard let overlay = IPPrefix("100.64.0.0/10") else { throw BenchError.constant }
        let list = try (1...peers).map {
            try node($0, address: .v4(0x6440_1000 + UInt32(clamping: $0)), by: control, now: now)
        }
        return MeshView(
            own: own, peers: Dictionary(list.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }),
            policy: PolicySlice(
                issuer: server, node: own.node, issuedAt: now, revision: "1", rules: [rule], networks: [overlay]))
    }

    static let server = "https://ztna.example.com"

    private static func node(
        _ number: Int, address: IPAddress, by control: Ed25519PrivateKey, now: Int
    ) throws -> MeshNode {
        let device = try Ed25519PrivateKey(from: .system)
        let registration = NodeRegistration(
            server: server, issuedAt: now, wireGuardKey: try X25519PrivateKey(from: .system).publicKey,
            hostName: "laptop-\(number)", operatingSystem: "Linux", endpoints: [])
        guard let id = NodeID(Randomness.system.token(16)), let host = HostName("laptop-\(number)"),
            let person = PersonID(Randomness.system.token(16)), let provider = ProviderID("corp"),
            let session = SessionID(Randomness.system.token(16)), let group = GroupName("staff")
        else { throw BenchError.constant }
        let authorization = NodeAuthorization(
            issuer: server, validity: Validity(issuedAt: now, expiresAt: now + 3600), device: device.publicKey,
            registration: try registration.signed(by: device), addresses: [address],
            principal: Principal(
                node: id, host: host, person: person, email: EmailAddress("person-\(number)@example.com"),
                displayName: "Person \(number)", provider: provider, groups: [group], tags: []),
            session: session, authTime: now, amr: ["pwd", "mfa"], acr: nil, mfaAt: now)
        return MeshNode(
            try VerifiedNode(
                verifying: authorization.signed(by: control), keys: [control.publicKey.thumbprint: control.publicKey],
                server: server, now: now))
    }
}
