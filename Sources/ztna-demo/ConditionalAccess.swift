import Glibc
import StrictJSON

/// Rules with conditions: a second factor that is asked for and given, and access that ends at its moment by itself.
struct ConditionalAccess {
    let traffic: Traffic
    let address: String
    /// What bob may use without conditions.
    let staffOnly: LastByte.Path

    private var bob: Device { traffic.bob }
    private var carol: Device { traffic.carol }

    func secondFactor(_ report: Report) async throws {
        let inside = traffic.network.namespace(of: carol.person)
        let vault = try await EchoService.start(in: inside, address: address, port: Policies.vaultPort)
        defer { vault.stop() }
        try await report.step("needs-mfa") { try await refusedForWantOfFactor() }
        try await report.step("step-up") { try await stepUp() }
    }

    private func refusedForWantOfFactor() async throws -> Finding {
        let attempt = try await traffic.probe(bob, address, Policies.vaultPort)
        guard case .refused = attempt.outcome else { throw DemoFailure("bob without a factor: \(attempt.outcome)") }
        let reason = try await carol.reason(
            direction: "in", service: "tcp/\(Policies.vaultPort)", from: try await bob.overlayAddress(), to: address)
        return Finding("bob signed in with a password alone; tcp/\(Policies.vaultPort) was refused at once: \(reason)")
    }

    /// Bob shows a second factor while another connection of his runs.
    private func stepUp() async throws -> Finding {
        let flow = try await LastByte.start(staffOnly, traffic.network, address)
        defer { flow.stop() }
        flow.watchGaps()
        try await traffic.driver.stepUp(bob)
        let start = ContinuousClock.now
        _ = try await Waiting.until("bob to be let in") { () -> Bool? in
            try await traffic.probe(bob, address, Policies.vaultPort).outcome == .answered ? true : nil
        }
        let milliseconds = Milliseconds.of(.now - start)
        let gap = Milliseconds.of(flow.largestGap)
        guard gap < 500, flow.end == nil else { throw DemoFailure("bob's other connection stalled for \(gap) ms") }
        return Finding(
            "`ztna login --step-up`: tcp/\(Policies.vaultPort) answered \(milliseconds) ms after it",
            "bob's connection on tcp/\(staffOnly.port) went on meanwhile, never without a byte for more than \(gap) ms")
    }

    /// A rule until a moment, a transfer under it, and nobody left to end it: the kernel does, while the engine goes on.
    func endsByItself() async throws -> Finding {
        let moment = traffic.administration.now + 14
        try await traffic.administration.replacePolicy(with: Policies.brief(until: Self.text(moment)))
        let inside = traffic.network.namespace(of: carol.person)
        let service = try await EchoService.start(in: inside, address: address, port: Policies.briefPort)
        defer { service.stop() }
        _ = try await Waiting.until("bob to be let in for a moment", within: .seconds(20)) { () -> Bool? in
            try await traffic.probe(bob, address, Policies.briefPort).outcome == .answered ? true : nil
        }
        let path = LastByte.Path(device: bob, port: Policies.briefPort, service: service)
        let flow = try await LastByte.start(path, traffic.network, address)
        defer { flow.stop() }
        // What a killed agent has not told yet, it does not tell.
        _ = try await traffic.allowedLine(Policies.briefPort)
        guard let agent = carol.agent else { throw DemoFailure("carol's agent does not run") }
        agent.send(SIGKILL)
        _ = try await agent.end(within: .seconds(5))
        let killed = ContinuousClock.now
        let engine = try engineProcesses()
        let end = killed + Self.untilEpoch(moment)
        let last = try await Waiting.until("the moment to pass", within: .seconds(20)) {
            () -> ContinuousClock.Instant? in
            guard let last = [flow.lastByte, service.lastByte].compactMap({ $0 }).max() else { return nil }
            return last + .milliseconds(1500) < .now && end < .now ? last : nil
        }
        let late = Milliseconds.of(last - end)
        guard last > killed + .seconds(1), abs(late) < 1_000 else {
            throw DemoFailure("the last byte came \(late) ms after the moment, \(last - killed) after the agent's end")
        }
        try await carol.start(authority: traffic.authority)
        _ = try await Waiting.until("carol's agent to enforce again") { () -> Bool? in
            try await carol.ask("status").bool("enforcing") ? true : nil
        }
        guard try engineProcesses() == engine else { throw DemoFailure("carol's agent has another engine than before") }
        return Finding(
            "carol's agent was killed (SIGKILL); \(Milliseconds.of(last - killed)) ms later the kernel ended bob's transfer, "
                + "\(abs(late)) ms \(late < 0 ? "before" : "after") the rule's `until`",
            "started again, the agent took its WireGuard engine over", measured: Milliseconds.of(last - killed))
    }

    /// Carol's, and its guard: she runs nothing else there but her agent, and services in this process.
    private func engineProcesses() throws -> [pid_t] {
        let others = traffic.network.namespace(of: carol.person).processes.filter { $0 != carol.agent?.process }
        guard others.count == 2 else {
            throw DemoFailure("carol's engine and its guard are not alone in her namespace: \(others)")
        }
        return others.sorted()
    }

    private static func untilEpoch(_ moment: Int) -> Duration {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return .seconds(moment - now.tv_sec) - .nanoseconds(now.tv_nsec)
    }

    /// RFC 3339, universal time.
    private static func text(_ moment: Int) -> String {
        var (seconds, parts) = (time_t(moment), tm())
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
