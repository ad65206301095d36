import StrictJSON

/// The demo's steps up to the policy's authorizations, which need no tunnel; the rest is in `Traffic` and `Paperwork`.
final class Scenario {
    private let place: Place
    private let tools: Tools
    private let report: Report
    private let devices: [Device]
    private var certificates: Certificates?
    private var files: ServerFiles?
    private var driver: SignInDriver?
    private var providers: Providers?
    private var issuers: [String] = []
    /// Of carol's device; known once it is authorized.
    private var destination: String?

    init(place: Place, tools: Tools, report: Report) {
        self.place = place
        self.tools = tools
        self.report = report
        devices = Person.all.map { Device($0, place: place, tools: tools) }
    }

    /// Errors: that of the step that failed; the report has it already.
    func run() async throws {
        if let network = place.network {
            try await report.step("network") {
                try await network.build()
                certificates = try await Certificates(tools: tools, place: place)
                return Finding("hub and three devices in namespaces of their own; a certificate authority for this run")
            }
        }
        try await report.step("provider") { try await startOpenIDProvider() }
        try await report.step("server") { try await startServer() }
        try await report.step("saml-provider") { try await startSAMLProvider() }
        guard let files, let driver else { throw DemoFailure("there is no server") }
        var provisioning = try await Provisioning(
            files: files, tools: tools, programs: place.programs, driver: driver)
        try await report.step("provisioning") {
            try await provisioning.push([.alice, .bob])
            return Finding("alice, bob and their groups came by SCIM; nobody has signed in yet")
        }
        try await report.step("agents") {
            for device in devices { try await device.start(authority: certificates?.authority) }
            return Finding(
                "three agents, each with a device key of its own" + (place.network == nil ? ", without tunnel" : ""))
        }
        for device in devices {
            try await report.step("sign-in-\(device.person.name)") { try await driver.signIn(device).finding }
        }
        let administration = Administration(files: files, tools: tools, programs: place.programs)
        try await report.step("authorization") { try await authorize(administration) }
        if let network = place.network {
            try await Traffic(
                network: network, place: place, tools: tools, devices: devices, administration: administration,
                provisioning: provisioning, issuer: issuers[0], authority: certificates?.authority, driver: driver
            ).run(report)
        } else {
            try await Paperwork(devices: devices, administration: administration).run(report)
        }
    }

    /// Frees the browser's thread.
    func stopOwnWork() { driver?.shutdown() }

    private func startOpenIDProvider() async throws -> Finding {
        let providers = try Providers(place: place, tools: tools, certificates: certificates)
        let openID = try await providers.startOpenIDConnect()
        self.providers = providers
        files = try ServerFiles(place: place, openID: openID, providers: providers)
        issuers = [openID.issuer, providers.samlMetadata]
        return Finding("OpenID provider at \(openID.issuer)", people(of: .company))
    }

    private func startServer() async throws -> Finding {
        guard let files else { throw DemoFailure("there is no configuration") }
        let hub = place.network?.hub
        let driver = try await SignInDriver(server: files.url, hub: hub, authority: certificates?.authority)
        self.driver = driver
        let child = try await place.programs.start(
            "server", [tools.server, "serve", "--config", files.configuration], in: hub)
        _ = try await Waiting.until("the server to answer:\n\(child.lastWords)") {
            if let status = child.status { throw DemoFailure("ztna-server ended with \(status):\n\(child.lastWords)") }
            return await driver.isServerUp() ? true : nil
        }
        return Finding("ztna-server at \(files.url), SQLite")
    }

    /// It must know our metadata before it signs anybody in, and the server makes its key at its first start.
    private func startSAMLProvider() async throws -> Finding {
        guard let files, let providers else { throw DemoFailure("there is no configuration") }
        let hub = place.network?.hub
        let metadata = try await place.programs.run(
            [tools.server, "saml", "metadata", Person.Provider.partner.rawValue, "--config", files.configuration],
            in: hub)
        let file = place.directory + "/service-provider.xml"
        try File.write(metadata, to: file)
        try await providers.startSAML(serviceProvider: file)
        let checked = try await place.programs.run(
            [tools.server, "check", "--config", files.configuration, "--online"], in: hub)
        let lines = checked.split(separator: "\n").count
        return Finding(
            "SAML provider at \(providers.samlMetadata), which encrypts its assertions", people(of: .partner),
            "the server's configuration passed \(lines) checks, online ones included")
    }

    private func people(of provider: Person.Provider) -> String {
        Person.all.filter { $0.provider == provider }.map { "\($0.name) in \($0.groupNames)" }.joined(separator: ", ")
    }

    /// Tags carol's device, and waits until each device has exactly the peers that the policy gives it.
    private func authorize(_ administration: Administration) async throws -> Finding {
        try await administration.tag(devices[2].person.host, Policies.tag)
        let expected = [[devices[2].person.host], [devices[2].person.host], devices.prefix(2).map(\.person.host)]
        for (device, peers) in zip(devices, expected) {
            var found: [String] = []
            do {
                _ = try await Waiting.until("") {
                    found = try await device.peerNames()
                    return found == peers ? true : nil
                }
            } catch is DemoFailure {
                throw DemoFailure("\(device.person.host) sees \(found), and should see \(peers)")
            }
            try await untilEnforcing(device)
        }
        var facts: [String] = []
        for device in devices {
            let own = try await device.ask("whoami")
            let seconds = try own.integer("authorization_expires_at") - administration.now
            facts.append(
                "\(device.person.host): \(try await device.overlayAddress()), authorized for \(seconds / 60) min, sees "
                    + (try await device.peerNames()).joined(separator: " and "))
        }
        var finding = Finding()
        finding.facts = facts
        destination = try await devices[2].overlayAddress()
        return finding
    }

    private func untilEnforcing(_ device: Device) async throws {
        _ = try await Waiting.until("\(device.person.host) to be connected and enforcing") { () -> Bool? in
            let status = try await device.ask("status")
            guard try status.string("state") == "connected" else { return nil }
            guard device.interface != nil else { return true }
            return try status.bool("enforcing") && status.string("tunnel") == "up" ? true : nil
        }
    }

    /// What `--keep` prints: commands to type as they stand.
    var wordsForTryingByHand: [String] {
        guard let files else { return [] }
        let alice = devices[0]
        var lines = [
            "", report.isOK ? "Alice is signed out, and bob may use nothing." : "A step failed: see the logs.",
        ]
        lines += ["Everything that was started still runs. To try by hand:", ""]
        lines += [
            "  server    \(files.url)", "  providers " + issuers.joined(separator: " and "),
            "  accounts  " + Person.all.map { "\($0.email) / \($0.password)" }.joined(separator: ", "),
            "  policy    \(files.policy) (read again when it changes)",
            "  state     \(files.state) of the server, "
                + devices.map { $0.state }.joined(separator: ", ") + " of the devices",
            "  logs      \(place.directory)/logs", "",
            "  \(alice.commandLine("login --no-browser"))",
        ]
        if let hub = place.network?.hub.name {
            lines.append("  ip netns exec \(hub) BROWSER   # for the sign-in pages")
        }
        for device in devices { lines.append("  \(device.commandLine("status"))") }
        lines.append("  \(devices[1].commandLine("refusals"))")
        if let network = place.network {
            lines += [
                "  ip netns exec \(network.namespace(of: devices[2].person).name) python3 -m http.server 8080",
                "  ip netns exec \(network.namespace(of: alice.person).name) curl http://\(destination ?? "ADDRESS"):8080/",
                "  ip netns exec \(network.namespace(of: alice.person).name) wg show",
            ]
        }
        lines.append("  \(tools.server) sessions list --config \(files.configuration)")
        return lines + ["", "Enter or Ctrl-C ends it and cleans up."]
    }
}
