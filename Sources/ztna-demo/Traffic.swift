import StrictJSON

/// The steps after the authorization, with real packets through real tunnels.
struct Traffic {
    let network: Network
    let place: Place
    let tools: Tools
    let devices: [Device]
    let administration: Administration
    let provisioning: Provisioning
    /// Of the company's provider.
    let issuer: String
    /// Whom agents trust besides the system's.
    let authority: String?
    let driver: SignInDriver

    var alice: Device { devices[0] }
    var bob: Device { devices[1] }
    var carol: Device { devices[2] }

    /// A text that must never be seen on the wire.
    private static let payload = "this-is-the-plaintext-of-the-demo"
    /// The four message types of WireGuard, three reserved bytes behind each.
    private static let wireGuard =
        "udp and (udp[8:4]=0x01000000 or udp[8:4]=0x02000000 or udp[8:4]=0x03000000 or udp[8:4]=0x04000000)"

    func run(_ report: Report) async throws {
        let address = try await carol.overlayAddress()
        let inside = network.namespace(of: carol.person)
        let service = try await EchoService.start(in: inside, address: address, port: Policies.allowedPort)
        defer { service.stop() }
        let other = try await EchoService.start(in: inside, address: address, port: Policies.otherPort)
        defer { other.stop() }
        let third = try await EchoService.start(in: inside, address: address, port: Policies.staffPort)
        defer { third.stop() }
        try await report.step("tunnel") { try await tunnel(address) }
        try await report.step("allowed") { try await allowed(address) }
        let events = DirectoryEvents(
            traffic: self, address: address,
            alices: LastByte.Path(device: alice, port: Policies.allowedPort, service: service),
            internsOnly: LastByte.Path(device: bob, port: Policies.otherPort, service: other),
            staffOnly: LastByte.Path(device: bob, port: Policies.staffPort, service: third))
        try await events.run(report)
        let conditions = ConditionalAccess(
            traffic: self, address: address,
            staffOnly: LastByte.Path(device: bob, port: Policies.staffPort, service: third))
        try await conditions.secondFactor(report)
        try await report.step("denied") { try await denied(address) }
        try await report.step("revoked") { try await revoked(address, service) }
        try await report.step("ends-by-itself") { try await conditions.endsByItself() }
        try await report.step("audit") { try await audit() }
    }

    func probe(_ device: Device, _ address: String, _ port: UInt16, _ payload: String = "hello") async throws
        -> Probe
    {
        try await Probe.run(from: network.namespace(of: device.person), to: address, port: port, payload: payload)
    }

    /// One exchange, seen from the wire in the middle and from inside carol's end.
    private func tunnel(_ address: String) async throws -> Finding {
        guard let interface = carol.interface, let own = alice.interface else { throw DemoFailure("no interface") }
        let wire = try await WireCapture.start("wire", at: Network.bridge, in: network.hub, place: place, tools: tools)
        let end = try await WireCapture.start(
            "inside", at: interface, in: network.namespace(of: carol.person), place: place, tools: tools)
        let exchange = try await probe(alice, address, Policies.allowedPort, Self.payload)
        guard exchange.outcome == .answered else { throw DemoFailure("alice's attempt: \(exchange.outcome)") }
        // What tcpdump has not read yet when it is told to end, it drops.
        let between = "ip and src net \(Network.devicePrefix) and dst net \(Network.devicePrefix)"
        _ = try await Waiting.until("tcpdump to see the payload inside the tunnel, and packets outside") {
            () -> Bool? in
            let packets = (try? await wire.count(between)) ?? 0
            return packets > 0 && end.contains(Self.payload) ? true : nil
        }
        try await wire.stop()
        try await end.stop()

        let shown = try await place.programs.run(
            [tools.wg, "show", own, "latest-handshakes"], in: network.namespace(of: alice.person))
        guard let handshake = shown.split(whereSeparator: \.isWhitespace).last.flatMap({ Int($0) }), handshake > 0
        else {
            throw DemoFailure("wg shows no handshake: \(shown)")
        }
        let all = try await wire.count(between)
        let ciphertext = try await wire.count("\(between) and \(Self.wireGuard)")
        guard all > 0, all == ciphertext else {
            throw DemoFailure("of \(all) packets between the devices, \(ciphertext) are WireGuard's")
        }
        guard !wire.contains(Self.payload) else { throw DemoFailure("the payload is on the wire in the clear") }
        return Finding(
            "wg show: handshake \(administration.now - handshake) s ago",
            "tcpdump: \(all) packets between the devices, all of them WireGuard's, none with the payload in it")
    }

    private func allowed(_ address: String) async throws -> Finding {
        let exchange = try await probe(alice, address, Policies.allowedPort)
        guard exchange.outcome == .answered else { throw DemoFailure("alice's attempt: \(exchange.outcome)") }
        return Finding("alice reached \(carol.person.host) (\(address)) on tcp/8080 and was answered")
    }

    /// Bob is refused by carol's device while he may use another port of it, and by his own once he may use none.
    private func denied(_ address: String) async throws -> Finding {
        let own = try await bob.overlayAddress()
        let permitted = try await probe(bob, address, Policies.otherPort)
        guard permitted.outcome == .answered else { throw DemoFailure("bob on tcp/9090: \(permitted.outcome)") }
        _ = try await refused(address, Policies.allowedPort)
        let reasonThere = try await carol.reason(direction: "in", service: "tcp/8080", from: own, to: address)

        try await administration.replacePolicy(with: Policies.second)
        _ = try await Waiting.until("bob's device to lose its peer and to say so") { () -> Bool? in
            let isEnforcing = try await bob.ask("status").bool("enforcing")
            return try await bob.peerNames().isEmpty ? isEnforcing ? true : nil : nil
        }
        try await untilRefusedAtTheSource(address)
        let reasonHere = try await bob.reason(direction: "out", service: "tcp/8080", from: own, to: address)
        _ = try await refused(address, Policies.otherPort)
        return Finding(
            "bob may use tcp/9090; tcp/8080 was refused by \(carol.person.host) at once: \(reasonThere)",
            "with the new policy bob may use nothing; tcp/8080 was refused by \(bob.person.host) itself at once: \(reasonHere)"
        )
    }

    private func refused(_ address: String, _ port: UInt16) async throws -> Probe {
        let attempt = try await probe(bob, address, port)
        guard case .refused = attempt.outcome else { throw DemoFailure("bob on tcp/\(port): \(attempt.outcome)") }
        guard attempt.milliseconds < 1000 else { throw DemoFailure("bob was refused after \(attempt.milliseconds) ms") }
        return attempt
    }

    /// The netmap is ahead of the kernel for a moment: until bob's own device refuses, carol's does.
    private func untilRefusedAtTheSource(_ address: String) async throws {
        let own = try await bob.overlayAddress()
        _ = try await Waiting.until("bob's own device to refuse", within: .seconds(20)) { () -> Bool? in
            _ = try await refused(address, Policies.allowedPort)
            let expected: [String: JSON] = ["direction": "out", "service": "tcp/8080", "source": .string(own)]
            let isHere = try await bob.refusals().contains { refusal in
                expected.allSatisfy { refusal[$0] == $1 }
            }
            return isHere ? true : nil
        }
    }

    /// Bytes run between alice and carol; alice's session is ended.
    private func revoked(_ address: String, _ service: EchoService) async throws -> Finding {
        let session = try await administration.session(of: alice.person.host)
        let cut = try await LastByte.measure(
            LastByte.Path(device: alice, port: Policies.allowedPort, service: service), network: network,
            address: address
        ) { try await administration.endSession(session) }
        let later = try await probe(alice, address, Policies.allowedPort)
        guard later.outcome != .answered else { throw DemoFailure("alice still reaches \(carol.person.host)") }
        _ = try await Waiting.until("alice's agent to be signed out") {
            try await alice.ask("status").string("state") == "signed-out" ? true : nil
        }
        return Finding(
            "from `ztna-server sessions end` to the last of \(cut.bytes) bytes; no new connection; alice is signed out",
            measured: cut.milliseconds)
    }

    /// What the server has of the steps with conditions, and that nothing of it was changed.
    private func audit() async throws -> Finding {
        Finding(
            try await administration.auditLine(
                ["--stream", "connection", "--user", bob.person.email, "--verdict", "deny"],
                with: end(Policies.vaultPort)),
            try await administration.auditLine(
                ["--stream", "sign-in", "--user", bob.person.email], with: "sign-in-renewed"),
            try await allowedLine(Policies.vaultPort), try await allowedLine(Policies.briefPort),
            "ztna-server audit verify: " + (try await administration.verifiedAudit()))
    }

    /// The record of bob's connection to that port.
    func allowedLine(_ port: UInt16) async throws -> String {
        try await administration.auditLine(
            ["--stream", "connection", "--user", bob.person.email, "--verdict", "allow"], with: end(port))
    }

    /// How the destination's end of a connection is written.
    private func end(_ port: UInt16) -> String { "(\(carol.person.host)) tcp/\(port) " }
}
