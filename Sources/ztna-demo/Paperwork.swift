import StrictJSON

/// The steps after the authorization where there is no tunnel: the same promises, read from what the agents hold.
struct Paperwork {
    let devices: [Device]
    let administration: Administration

    private var alice: Device { devices[0] }
    private var bob: Device { devices[1] }
    private var carol: Device { devices[2] }

    func run(_ report: Report) async throws {
        try await report.step("tunnel") {
            .skipped("not root, or --without-tunnel: what follows shows rules, not packets")
        }
        try await report.step("allowed") {
            let services = try await carol.services(for: alice.person)
            guard services == ["tcp/8080"] else { throw DemoFailure("\(carol.person.host) lets alice use \(services)") }
            return Finding("\(carol.person.host) holds the rule that lets alice use tcp/8080")
        }
        try await report.step("denied") { try await denied() }
        try await report.step("revoked") { try await revoked() }
    }

    private func denied() async throws -> Finding {
        let services = try await carol.services(for: bob.person)
        guard services.sorted() == ["tcp/7070", "tcp/9090"] else {
            throw DemoFailure("\(carol.person.host) lets bob use \(services)")
        }
        try await administration.replacePolicy(with: Policies.second)
        _ = try await Waiting.until("bob's device to lose its peer") { () -> Bool? in
            let peers = (try await bob.peerNames(), try await carol.peerNames())
            return peers == ([], [alice.person.host]) ? true : nil
        }
        return Finding(
            "\(carol.person.host) lets bob use tcp/7070 and tcp/9090 only: tcp/8080 is refused there",
            "with the new policy bob may use nothing: neither device has the other as a peer")
    }

    private func revoked() async throws -> Finding {
        let session = try await administration.session(of: alice.person.host)
        let start = try await administration.endSession(session)
        _ = try await Waiting.until("\(carol.person.host) to lose alice's device", every: .milliseconds(20)) {
            try await carol.peerNames().isEmpty ? true : nil
        }
        let measured = Milliseconds.of(.now - start)
        _ = try await Waiting.until("alice's agent to be signed out") {
            try await alice.ask("status").string("state") == "signed-out" ? true : nil
        }
        guard measured < 1000 else { throw DemoFailure("alice's device was still a peer after \(measured) ms") }
        return Finding(
            "from `ztna-server sessions end` until \(carol.person.host) had no such peer; alice is signed out",
            measured: measured)
    }
}
