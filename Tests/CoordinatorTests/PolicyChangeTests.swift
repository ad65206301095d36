import AccessPolicy
import Cryptography
import Identity
import SignedDocuments
import Testing
import Wire

@testable import Coordinator

@Suite struct `A change of policy` {
    @Test func `signs only the slices that changed, never with an earlier time`() async throws {
        let (first, second) = (try Fixture.rule("x", "group:c", "group:a"), try Fixture.rule("y", "group:c", "group:b"))
        let fixture = try await Fixture(policy: Policy(rules: [first], revision: "1"))
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        let (hers, his) = (try await Agent(fixture, alice.session), try await Agent(fixture, bob.session))
        fixture.clock.advance(by: -30)
        await fixture.coordinator.setPolicy(Policy(rules: [first, second], revision: "2"))
        #expect(!hers.stream.hasMessages)
        guard case .delta(_, nil, let changed, let removed, let policy?) = await his.stream.next() else {
            Issue.record("no delta with a policy")
            return
        }
        #expect(changed.isEmpty && removed.isEmpty)
        let slice = try PolicySlice(
            verifying: policy, keys: fixture.coordinator.controlKeys, server: Fixture.server, node: bob.node,
            now: fixture.clock.now)
        #expect(slice.revision == "2" && slice.issuedAt == fixture.clock.now + 30)
    }

    @Test func `shows and hides peers on both sides`() async throws {
        let fixture = try await Fixture(policy: Policy(rules: [], revision: "none"))
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        var (hers, his) = (try await Agent(fixture, alice.session), try await Agent(fixture, bob.session))
        let rule = try Fixture.rule("x", "group:a", "group:b")
        for (rules, count) in [([rule], 1), ([], 0)] {
            await fixture.coordinator.setPolicy(Policy(rules: rules, revision: "\(count)"))
            await hers.read()
            await his.read()
            #expect(hers.peers.count == count && his.peers.count == count)
        }
    }
}
