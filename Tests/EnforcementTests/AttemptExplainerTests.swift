import AccessPolicy
import Enforcement
import Identity
import NetworkAddresses
import Testing
import Wire

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
        let words = AttemptExplainer(view).explain(
            try attempt("100.64.0.2", "100.64.0.1", 5432, .allowed), now: 500)
        #expect(words.person == "b@example.com" && words.host == "b" && words.rule?.text == "rule-0")
        #expect(words.reason.contains("rule-0") && words.reason.contains("dba"))
    }

    @Test(arguments: [(22 as UInt16?, 6 as UInt8, "only tcp/5432"), (nil, 47, "IP protocol 47")])
    func `that was refused says why`(_ port: UInt16?, _ number: UInt8, _ words: String) throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])])
        let refused = try attempt("100.64.0.2", "100.64.0.1", port, number: number, .refusedInbound)
        #expect(AttemptExplainer(view).explain(refused, now: 500).reason.contains(words))
    }

    @Test func `at what is beyond this device says so, though a rule allows the port`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])])
        let words = AttemptExplainer(view).explain(
            try attempt("100.64.0.2", "192.0.2.7", 5432, .refusedInbound), now: 500)
        #expect(words.host == "b" && words.isAllowed == false)
        #expect(words.reason == "192.0.2.7 is no address of this device, which passes nothing on from the mesh.")
    }

    @Test func `from an address without an authorized device names nobody`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, expiresAt: 100)])
        let words = AttemptExplainer(view).explain(
            try attempt("100.64.0.2", "100.64.0.1", 22, .refusedInbound), now: 500)
        #expect(words.person == nil && words.reason.contains("No authorized device"))
    }

    @Test func `towards no peer says that no rule lets them talk`() throws {
        let mesh = try Mesh()
        let explainer = AttemptExplainer(try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2)]))
        let none = explainer.explain(try attempt("100.64.0.1", "100.64.0.9", 22, .refusedWithoutPeer), now: 500)
        #expect(none.reason == "No rule lets you and any device at 100.64.0.9 talk, or it is offline.")
        let late = explainer.explain(try attempt("100.64.0.1", "100.64.0.2", 22, .refusedWithoutPeer), now: 500)
        #expect(late.host == "b" && late.reason.contains("its own rules decide"))
    }

    @Test(arguments: [
        (443 as UInt16, 450 as Int?, true, false), (443, 300, false, true), (443, nil, false, true),
        (22, 450, false, false),
    ])
    func `of this node is decided by the rules that name it`(
        _ port: UInt16, _ mfaAt: Int?, _ isAllowed: Bool, _ isCured: Bool
    ) throws {
        let mesh = try Mesh()
        var conditions = Conditions()
        conditions.mfa = 100
        let view = try mesh.view(
            mesh.node("own", number: 1, groups: ["web"], mfaAt: mfaAt), [mesh.node("b", number: 2)], rules: [],
            egress: [("group:web", "tcp/443")], when: conditions)
        for outcome in [ConnectionAttempt.Outcome.leaving, .refusedOutbound] {
            let words = AttemptExplainer(view).explain(
                try attempt("100.64.0.1", "100.64.0.2", port, outcome), now: 500)
            #expect(words.isAllowed == isAllowed && words.isCuredByStepUp == isCured && words.host == "b")
            if isCured { #expect(words.reason.contains("ztna login --step-up") && words.rule?.text == "out-0") }
        }
    }

    @Test(arguments: [(6 as UInt8, 22 as UInt16?, "tcp/22"), (1, nil, "icmp"), (58, nil, "icmp"), (47, nil, "ip/47")])
    func `names its service`(_ number: UInt8, _ port: UInt16?, _ text: String) throws {
        #expect(try attempt("100.64.0.1", "100.64.0.2", port, number: number, .allowed).service == text)
    }

    @Test func `is told to the server with both ends, verdict, rule, reason and revision`() throws {
        let mesh = try Mesh()
        let peer = try mesh.node("b", number: 2, groups: ["dba"])
        let own = try mesh.node("own", number: 1)
        let explainer = AttemptExplainer(try mesh.view(own, [peer]))
        let inbound = try attempt("100.64.0.2", "100.64.0.1", 5432, .allowed)
        let record = explainer.record(
            inbound, explainer.explain(inbound, now: 500), first: 500, last: 510, count: 3)
        #expect(record.verdict == .allow && record.direction == .inbound && record.rule == "rule-0")
        #expect(record.source.node == peer.node && record.source.label == "b@example.com")
        #expect(record.destination.node == own.node && record.revision == "1" && record.count == 3)
        let outbound = try attempt("100.64.0.1", "100.64.0.9", 22, .refusedWithoutPeer)
        let refused = explainer.record(
            outbound, explainer.explain(outbound, now: 500), first: 500, last: 500, count: 1, ports: "1-9")
        #expect(refused.verdict == .deny && refused.direction == .outbound && refused.port == nil)
        #expect(refused.source.node == own.node && refused.destination.node == nil && refused.ports == "1-9")
        for one in [record, refused] { #expect(try ConnectionRecord(json: one.json) == one) }
    }

    @Test func `is told so that the server takes it, however long the names of groups are`() throws {
        let mesh = try Mesh()
        let groups = ["dba"] + (0..<9).map { "\($0)" + String(repeating: "é", count: 127) }
        let explainer = AttemptExplainer(
            try mesh.view(mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: groups)]))
        for port: UInt16 in [22, 5432] {
            let inbound = try attempt("100.64.0.2", "100.64.0.1", port, port == 22 ? .refusedInbound : .allowed)
            let explanation = explainer.explain(inbound, now: 500)
            #expect(explanation.reason.utf8.count > 2048)
            let record = explainer.record(inbound, explanation, first: 500, last: 500, count: 1)
            #expect((2040...2048).contains(record.reason.utf8.count) && record.reason.hasSuffix("é…"))
            #expect(try ConnectionRecord(json: record.json) == record)
        }
    }

    @Test func `behind an IPv6 extension header is refused as such`() throws {
        let mesh = try Mesh()
        let view = try mesh.view(
            mesh.node("own", number: 1), [mesh.node("b", number: 2, groups: ["dba"])], rules: [("group:dba", "any")])
        let hidden = try attempt("fd00::2", "fd00::1", nil, number: 60, .refusedInbound)
        #expect(AttemptExplainer(view).explain(hidden, now: 500).reason.contains("extension header (60)"))
    }
}
