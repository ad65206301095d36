import AccessPolicy
import Agent
import Cryptography
import Enforcement
import Foundation
import Identity
import LinuxNetwork
import Logging
import NetworkAddresses
import StrictJSON
import Synchronization
import Testing
import Wire

private func view(_ documents: Documents, rules: [String]) throws -> MeshView {
    func node(_ number: Int) throws -> MeshNode {
        MeshNode(
            try VerifiedNode(
                verifying: documents.peer(number), keys: documents.keys, server: documents.server, now: 0))
    }
    let own = try node(1)
    let slice = PolicySlice(
        issuer: documents.server, node: own.node, issuedAt: 0, revision: "1",
        rules: [
            Rule(
                name: try RuleName("all"), sources: [.everyone], destinations: [.everyone],
                allow: try rules.map { try Service(parsing: $0) })
        ])
    return MeshView(own: own, peers: [try Documents.id(2): try node(2)], policy: slice)
}

@Suite struct `A tunnel plan` {
    let documents: Documents
    let interface: InterfaceName

    init() throws {
        documents = try Documents()
        interface = try #require(InterfaceName("ztna0"))
    }

    @Test func `permits nothing and routes nothing without a view`() {
        let plan = TunnelPlan(nil, interface: interface, locals: [], now: 0)
        #expect(plan.peers.isEmpty && plan.addresses.isEmpty)
        #expect(plan.filter.grants.isEmpty && plan.filter.peers.isEmpty && plan.filter.overlay.isEmpty)
    }

    @Test(arguments: [
        ("tcp/22", FilterGrant.Traffic.tcp(22...22)), ("udp/1-9", .udp(1...9)), ("tcp", .tcp(0...65535)),
        ("icmp", .icmp), ("any", .any),
    ])
    func `writes each service as the filter does`(_ service: String, _ traffic: FilterGrant.Traffic) throws {
        let plan = TunnelPlan(try view(documents, rules: [service]), interface: interface, locals: [], now: 0)
        #expect(plan.filter.grants.map(\.traffic) == [traffic])
    }

    @Test(arguments: [
        (["100.64.0.0/10"], ["100.64.0.0/10"]), (["100.64.0.0/16", "fd12::/48"], ["100.64.0.0/16", "fd12::/48"]),
        // A server cannot draw the whole Internet into the tunnel.
        (["0.0.0.0/0", "::/0", "8.0.0.0/8", "96.0.0.0/3"], ["100.64.0.1/32", "100.64.0.2/32"]),
    ])
    func `routes the mesh's prefixes, private ones alone`(_ networks: [String], _ routed: [String]) throws {
        var seen = try view(documents, rules: ["any"])
        seen.replacePolicy(
            PolicySlice(
                issuer: "", node: seen.own.node, issuedAt: 0, revision: "1", rules: [],
                networks: networks.compactMap { IPPrefix($0) }))
        let plan = TunnelPlan(seen, interface: interface, locals: [], now: 0)
        #expect(plan.filter.overlay.map(\.description) == routed)
    }

    @Test func `checks TCP that leaves only when told to, and the rest always`() throws {
        var seen = try view(documents, rules: ["any"])
        let rule = Rule(
            name: try RuleName("web"), sources: [.everyone], destinations: [.everyone],
            allow: [try Service(parsing: "tcp/443"), try Service(parsing: "udp/53")])
        seen.replacePolicy(
            PolicySlice(issuer: "", node: seen.own.node, issuedAt: 0, revision: "1", rules: [], egress: [rule]))
        let unchecked = TunnelPlan(seen, interface: interface, locals: [], now: 0)
        #expect(unchecked.filter.egress.map(\.traffic) == [.udp(53...53)] && !unchecked.filter.checksEgress)
        let plan = TunnelPlan(seen, interface: interface, locals: [], checksEgress: true, now: 0)
        #expect(plan.filter.egress.map(\.traffic) == [.tcp(443...443), .udp(53...53)])
        #expect(plan.filter.grants.isEmpty)
    }

    @Test func `takes everything back in the second our authorization ends`() throws {
        let plan = TunnelPlan(try view(documents, rules: ["any"]), interface: interface, locals: [], now: 3600)
        #expect(plan.peers.isEmpty && plan.addresses.isEmpty && plan.filter.grants.isEmpty)
    }

    @Test(arguments: [
        (3500, 3500, false, true), (3500, 3559, false, true), (3500, 3560, false, false), (3590, 3599, false, true),
        (3590, 3600, false, false), (3500, 3499, false, false), (3500, 3500, true, false),
    ])
    func `holds until something of it ends, for a minute at most, and at these addresses`(
        _ madeAt: Int, _ now: Int, _ hasMoved: Bool, _ holds: Bool
    ) throws {
        let local = EndpointChoice.Local(address: .v4(1), length: 24, interface: "eth0")
        let plan = TunnelPlan(try view(documents, rules: ["any"]), interface: interface, locals: [local], now: madeAt)
        let inForce = PlanInForce(plan: plan, locals: [local], madeAt: madeAt)
        #expect(inForce.plan == plan)
        #expect(inForce.holds(for: hasMoved ? [] : [local], at: now) == holds)
    }

    @Test func `keeps the mesh's prefixes after our authorization: nothing leaves in the clear`()
        throws
    {
        var seen = try view(documents, rules: ["any"])
        seen.replacePolicy(
            PolicySlice(
                issuer: "", node: seen.own.node, issuedAt: 0, revision: "1", rules: [],
                networks: ["100.64.0.0/16"].compactMap { IPPrefix($0) }))
        let plan = TunnelPlan(seen, interface: interface, locals: [], now: 3600)
        #expect(plan.filter.overlay.map(\.description) == ["100.64.0.0/16"] && plan.filter.peers.isEmpty)
    }
}

@Suite struct `The attempt log` {
    private func attempt(_ port: UInt16, _ outcome: ConnectionAttempt.Outcome = .refusedInbound) -> ConnectionAttempt {
        ConnectionAttempt(
            source: .v4(0x6440_0002), destination: .v4(0x6440_0001), protocolNumber: 6, port: port, outcome: outcome)
    }

    @Test func `gives each new attempt to the spool at once, its repetitions and scans when their minute is over`()
        async throws
    {
        let path = FileManager.default.temporaryDirectory.appending(path: "ztna-log-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let clock = TestClock()
        let spool = try AttemptSpool(in: StateDirectory(path), randomness: .system)
        let log = AttemptLog(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now }, spool: spool)
        let documents = try Documents()
        log.record(attempt(22))
        log.setView(try view(documents, rules: ["tcp/80"]))
        for _ in 0..<3 { log.record(attempt(80, .allowed)) }
        for port in 1000..<2000 as Range<UInt16> { log.record(attempt(port)) }
        log.record(attempt(99, .leaving))
        func records() async throws -> [ConnectionRecord] {
            guard let batch = await spool.nextBatch(for: documents.server) else { return [] }
            await spool.discard(batch.id)
            return try batch.records.map { try ConnectionRecord(json: $0) }
        }
        let atOnce = try await records()
        #expect(atOnce.count == 65 && atOnce.allSatisfy { $0.count == 1 })
        #expect(atOnce.first?.verdict == .allow && atOnce.first?.source.label == "person2@example.com")
        log.tellRepetitions()
        #expect(try await records() == [])
        try await clock.sleep(.seconds(60))
        log.tellRepetitions()
        let later = try await records()
        #expect(later.map(\.count) == [2, 936] && later.last?.ports == "1064-1999")
        #expect(log.entries(refusedOnly: true).first?.service == "tcp/1064-1999")
    }

    @Test func `tells when an attempt of our own wants a second factor, and only then`() throws {
        let needs = Mutex<[StepUpNeed]>([])
        let log = AttemptLog(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { 10 },
            onStepUpNeeded: { need in needs.withLock { $0.append(need) } })
        let documents = try Documents()
        var conditions = Conditions()
        conditions.mfa = 60
        let rule = Rule(
            name: try RuleName("db"), sources: [.everyone], destinations: [.everyone],
            allow: [try Service(parsing: "tcp/5432")], conditions: conditions)
        var seen = try view(documents, rules: ["any"])
        seen.replacePolicy(
            PolicySlice(
                issuer: documents.server, node: seen.own.node, issuedAt: 0, revision: "2", rules: [], egress: [rule]))
        log.setView(seen)
        func tried(_ port: UInt16, _ outcome: ConnectionAttempt.Outcome) -> ConnectionAttempt {
            ConnectionAttempt(
                source: .v4(0x6440_0001), destination: .v4(0x6440_0002), protocolNumber: 6, port: port,
                outcome: outcome)
        }
        for _ in 0..<2 { log.record(tried(5432, .leaving)) }
        log.record(tried(22, .leaving))
        log.record(tried(5432, .refusedOutbound))
        log.record(attempt(5432))
        #expect(needs.withLock { $0 } == Array(repeating: StepUpNeed(host: "host-2", service: "tcp/5432"), count: 2))
        let told = log.entries(refusedOnly: true).filter(\.attempt.isOutbound).map(\.attempt.port)
        #expect(told == [5432, 22, 5432])
    }

    private func log(_ clock: TestClock) -> AttemptLog {
        AttemptLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { clock.now })
    }

    @Test func `counts repetitions within a minute`() async throws {
        let clock = TestClock()
        let log = log(clock)
        for _ in 0..<3 { log.record(attempt(22)) }
        #expect(log.entries(refusedOnly: true).map(\.count) == [3])
        try await clock.sleep(.seconds(60))
        log.tellRepetitions()
        log.record(attempt(22))
        #expect(log.entries(refusedOnly: true).map(\.count) == [1, 3])
    }

    @Test func `keeps the newest thousand, newest first`() {
        let log = log(TestClock())
        for port in 1...1500 as ClosedRange<UInt16> {
            log.record(attempt(port, .allowed))
            if port % 500 == 0 { log.tellRepetitions(all: true) }
        }
        #expect(log.entries(refusedOnly: false).map(\.attempt.port) == (501...1500).reversed().map { UInt16($0) })
    }

    @Test func `tells refusals with their reasons, and not what was allowed`() throws {
        let log = log(TestClock())
        log.record(attempt(22))
        log.setView(try view(Documents(), rules: ["tcp/80"]))
        log.record(attempt(80, .allowed))
        log.record(attempt(443))
        var losses = AttemptLosses()
        (losses.kernel, losses.unattended) = (4, 3)
        let report = log.report(losses: losses)
        let refusals = report.objectValue?["refusals"]?.arrayValue?.compactMap(\.objectValue) ?? []
        #expect(refusals.map { $0["service"] } == ["tcp/443", "tcp/22"])
        #expect(refusals.first?["person"] == "person2@example.com")
        #expect(refusals.last?["reason"]?.stringValue?.contains("no netmap") == true)
        #expect(report.objectValue?["unread"] == 4 && report.objectValue?["unattended"] == 3)
    }
}
