package import Cryptography
internal import Enforcement
package import LinuxNetwork
package import Logging
package import NetworkAddresses

/// What bringing a tunnel about does outside: each a step of its own.
package struct TunnelSteps: Sendable {
    /// The kernel's table has these sets, chains and rules; members are not looked at.
    package var hasRules: @Sendable (FilterRuleSet) async throws -> Bool
    /// Makes the table anew, with timeouts that count from now.
    package var replaceFilter: @Sendable (FilterRuleSet) async throws -> Void
    /// Changes the members that differ from what was there.
    package var updateFilter: @Sendable (FilterRuleSet) async throws -> Void
    /// How the kernel's table differs; empty when it does not.
    package var differences: @Sendable (FilterRuleSet) async throws -> [String]
    /// Deletes the connections of addresses that are no peer's any more.
    package var forget: @Sendable (Set<IPAddress>) async throws -> Void
    /// Gives the interface its addresses and routes; nil: it has none of ours that are known of.
    package var arrange: @Sendable (_ plan: TunnelPlan, _ former: TunnelPlan?) async throws -> Void

    package init(
        hasRules: @escaping @Sendable (FilterRuleSet) async throws -> Bool,
        replaceFilter: @escaping @Sendable (FilterRuleSet) async throws -> Void,
        updateFilter: @escaping @Sendable (FilterRuleSet) async throws -> Void,
        differences: @escaping @Sendable (FilterRuleSet) async throws -> [String],
        forget: @escaping @Sendable (Set<IPAddress>) async throws -> Void,
        arrange: @escaping @Sendable (_ plan: TunnelPlan, _ former: TunnelPlan?) async throws -> Void
    ) {
        self.hasRules = hasRules
        self.replaceFilter = replaceFilter
        self.updateFilter = updateFilter
        self.differences = differences
        self.forget = forget
        self.arrange = arrange
    }
}

extension TunnelSteps {
    /// In the kernel, with timeouts that count from `time`; the guard is told by which clocks all of them were written.
    init(
        filter: PacketFilter, interface: TunnelInterface, tracking: ConnectionTracking, time: GrantTime,
        guarding: TunnelGuarding
    ) {
        self.init(
            hasRules: { try await filter.hasRules(of: $0) },
            replaceFilter: {
                let reading = time.both()
                try await filter.replace(with: $0, now: FilterTime(reading.grants))
                guarding.note(writtenBy: reading)
            },
            updateFilter: { try await filter.update(to: $0, now: FilterTime(time.reading())) },
            differences: { try await filter.differences(from: $0, now: time.reading().seconds) },
            forget: { _ = try await tracking.deleteEntries(of: $0) },
            arrange: { try await interface.arrange($0, after: $1) })
    }
}

/// Brings filter, engine and interface from one plan to the next, and keeps looking whether the kernel enforces it.
///
/// The filter never waits for anything else: an engine that hangs, or an interface that cannot be arranged, leaves it followed
/// and verified. A table that somebody has altered is made anew, with what is granted now, before anything is told to the
/// engine behind it.
package actor TunnelUpkeep {
    /// Tells an engine who its peers are.
    package typealias Configure = @Sendable ([X25519PublicKey: WireGuardPeer]) async throws -> Void

    private let steps: TunnelSteps
    private let now: @Sendable () -> Int
    private let logger: Logger
    /// What kernel and engine were brought to last.
    package private(set) var applied: TunnelPlan?
    /// When the table was read back last, and was ours; nil from the first failure on.
    package private(set) var verifiedAt: Int?
    /// As it was written last, which may be ahead of the rest.
    private var written: FilterRuleSet?
    private var configure: Configure = { _ in }
    private var isArranged = false
    /// Timeouts were set by clocks that have parted since, or the table is not ours.
    package private(set) var isToRewrite = false
    /// Somebody changed the kernel's rule sets.
    private var isToCompare = false

    /// `now` is the time by which grants end.
    package init(_ steps: TunnelSteps, now: @escaping @Sendable () -> Int, logger: Logger) {
        self.steps = steps
        self.now = now
        self.logger = logger
    }

    /// There is another engine behind that filter; with what was left, if it is not new.
    package func begin(with left: TunnelPlan? = nil, behind filter: FilterRuleSet, configure: @escaping Configure) {
        (applied, written, verifiedAt) = (left, filter, nil)
        self.configure = configure
        isArranged = false
    }

    package func noteClockJump() { isToRewrite = true }

    package func noteChange() { isToCompare = true }

    package var isDue: Bool { isToRewrite || isToCompare }

    /// A tunnel that was left may stay as it is: not when the clocks have parted, or when somebody has changed the filter.
    package func mayStay(_ isWhole: @Sendable (FilterRuleSet) async throws -> Bool) async throws -> Bool {
        guard let applied, !isToRewrite else { return false }
        guard isToCompare else { return true }
        isToCompare = false
        return try await isWhole(applied.filter)
    }

    /// Errors: the steps'; then nothing is verified, and all of it is done again the next time.
    package func bring(to plan: TunnelPlan) async throws {
        do { try await change(to: plan) } catch {
            verifiedAt = nil
            throw error
        }
    }

    private func change(to plan: TunnelPlan) async throws {
        if try await isAltered(like: written ?? plan.filter) { try await rewrite(plan) }
        guard plan != applied || verifiedAt == nil || isToRewrite else {
            if let verifiedAt, abs(now() - verifiedAt) >= 60 { try await verify(plan) }
            return
        }
        // Until it is read back, nobody knows that the kernel enforces it.
        if plan.filter != written { verifiedAt = nil }
        let unheard = await revoke(for: plan)
        if isToRewrite {
            try await rewrite(plan)
        } else {
            try await steps.updateFilter(plan.filter)
            written = plan.filter
        }
        // What comes next may fail, and the filter stands in front of it.
        try await verify(plan)
        if let unheard { throw unheard }
        if let applied {
            let gone = applied.rules.egress.subtracting(plan.rules.egress)
            if !gone.isEmpty { try await steps.forget(gone) }
        }
        if !isArranged || plan.addresses != applied?.addresses || plan.filter.overlay != applied?.filter.overlay {
            try await steps.arrange(plan, applied)
            isArranged = true
        }
        try await configure(plan.peers)
        for node in plan.rules.conflicts where applied?.rules.conflicts.contains(node) != true {
            logger.warning("a node claims another's address or key and is left out", metadata: ["node": "\(node)"])
        }
        applied = plan
    }

    /// Other programs change their own tables all the time: whether ours is whole is cheap to see.
    private func isAltered(like ruleSet: FilterRuleSet) async throws -> Bool {
        guard isToCompare else { return false }
        isToCompare = false
        do { guard try await !steps.hasRules(ruleSet) else { return false } } catch {
            // It may be gone, or change under our eyes: what ends does not wait for a look that succeeds.
            isToCompare = true
            logger.warning("the kernel's rule set cannot be read", metadata: ["error": "\(error)"])
        }
        logger.warning("the kernel's rule set was not ours and is replaced")
        verifiedAt = nil
        return true
    }

    private func rewrite(_ plan: TunnelPlan) async throws {
        isToRewrite = false
        do { try await steps.replaceFilter(plan.filter) } catch {
            isToRewrite = true
            throw error
        }
        written = plan.filter
    }

    /// Takes the tunnel from whoever is no longer a peer, before anything else. An engine that does not answer keeps no grant
    /// alive: the filter follows all the same.
    private func revoke(for plan: TunnelPlan) async -> (any Error)? {
        guard let applied else { return nil }
        let kept = applied.peers.filter { plan.peers[$0.key] != nil }
        guard kept.count < applied.peers.count else { return nil }
        do { try await configure(kept) } catch { return error }
        return nil
    }

    /// Reads the rule set back; what differs is repaired once and said. Errors: when it differs even then.
    private func verify(_ plan: TunnelPlan) async throws {
        var differences = try await steps.differences(plan.filter)
        if !differences.isEmpty {
            verifiedAt = nil
            logger.warning(
                "the kernel's rule set was not ours and is replaced",
                metadata: ["differences": "\(differences.prefix(5).joined(separator: "; "))"])
            try await steps.replaceFilter(plan.filter)
            differences = try await steps.differences(plan.filter)
        }
        guard differences.isEmpty else {
            throw LinuxNetworkError.filter("the rule set differs: \(differences.prefix(3).joined(separator: "; "))")
        }
        verifiedAt = now()
    }
}
