import StrictJSON
import Walkthrough

/// What the company's identity provider says about bob while bytes run, and how soon it is so.
struct DirectoryEvents {
    let traffic: Traffic
    let address: String
    /// What nobody takes from alice.
    let alices: LastByte.Path
    /// What bob may use as an intern, and what he may use because he is of the staff.
    let internsOnly: LastByte.Path
    let staffOnly: LastByte.Path

    private var bob: Device { traffic.bob }

    func run(_ report: Report) async throws {
        try await report.step("left-group") { try await leftGroup() }
        try await report.step("deactivated") { try await deactivated() }
        var browser: Browser?
        try await report.step("sign-in-again") {
            try await traffic.provisioning.set(active: true, bob.person)
            let signedIn = try await backAgain()
            browser = signedIn.browser
            return Finding("bob is active again: " + (signedIn.finding.facts.first ?? ""))
        }
        guard let browser else { return }
        try await report.step("logged-out") { try await loggedOut(browser) }
        try await report.step("sign-in-once-more") { try await backAgain().finding }
    }

    /// Bob is an intern no longer; he stays on the staff, and what the staff may do goes on.
    private func leftGroup() async throws -> Finding {
        let group = bob.person.groups[0]
        let cut = try await measure(internsOnly, beside: staffOnly) {
            try await traffic.provisioning.remove(bob.person, from: group)
        }
        let later = try await traffic.probe(bob, address, internsOnly.port)
        guard later.outcome != .answered else { throw DemoFailure("bob still reaches tcp/\(internsOnly.port)") }
        try await traffic.provisioning.add(bob.person, to: group)
        _ = try await Waiting.until("bob to reach tcp/\(internsOnly.port) again") { () -> Bool? in
            try await traffic.probe(bob, address, internsOnly.port).outcome == .answered ? true : nil
        }
        return Finding(
            "from SCIM's removal of bob from \(group) to the last of \(cut.bytes) bytes on tcp/\(internsOnly.port)",
            "meanwhile " + cut.words(beside: staffOnly), measured: cut.milliseconds)
    }

    /// The company's directory says that he has left.
    private func deactivated() async throws -> Finding {
        let cut = try await measure(internsOnly, beside: alices) {
            try await traffic.provisioning.set(active: false, bob.person)
        }
        try await untilSignedOut()
        return Finding(
            "from SCIM's `active: false` to the last of \(cut.bytes) bytes; bob is signed out",
            "meanwhile " + cut.words(beside: alices), measured: cut.milliseconds)
    }

    /// He signs out at the provider, which tells the server by itself. Source: OpenID Connect Back-Channel Logout 1.0.
    private func loggedOut(_ signedIn: Browser) async throws -> Finding {
        var browser = signedIn
        let cut = try await measure(internsOnly, beside: alices) {
            let start = ContinuousClock.now
            _ = try await browser.open(traffic.issuer + "/end-session")
            return start
        }
        try await untilSignedOut()
        return Finding(
            "from bob's sign-out at the provider, and its back-channel logout, to the last of \(cut.bytes) bytes; bob is signed out",
            "meanwhile " + cut.words(beside: alices), measured: cut.milliseconds)
    }

    private func measure(
        _ path: LastByte.Path, beside: LastByte.Path, after event: () async throws -> ContinuousClock.Instant
    ) async throws -> LastByte {
        try await LastByte.measure(
            path, beside: beside, network: traffic.network, address: address, after: event)
    }

    private func untilSignedOut() async throws {
        _ = try await Waiting.until("bob's agent to be signed out") {
            try await bob.ask("status").string("state") == "signed-out" ? true : nil
        }
    }

    private func backAgain() async throws -> (finding: Finding, browser: Browser) {
        let signedIn = try await traffic.driver.signIn(bob)
        let carol = traffic.carol.person
        _ = try await Waiting.until("bob's device to see its peer and to enforce") { () -> Bool? in
            guard try await bob.peerNames() == [carol.host] else { return nil }
            return try await bob.ask("status").bool("enforcing") ? true : nil
        }
        return signedIn
    }
}
