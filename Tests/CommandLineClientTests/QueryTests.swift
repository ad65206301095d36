import CommandLineClient
import StrictJSON
import Testing
import Wire

@Suite struct `A question to the agent` {
    private func run(
        _ answers: [String: JSON], json: Bool = false, style: TextStyle = TextStyle(),
        _ command: (Queries) async -> CommandOutcome
    ) async throws -> (CommandOutcome, Recorder) {
        let agent = try FakeAgent(answers: answers)
        defer { agent.stop() }
        let recorder = Recorder()
        let status = await command(Queries(socket: agent.path, console: recorder.console(json: json, style: style)))
        return (status, recorder)
    }

    @Test func `shows the status`() async throws {
        let (status, recorder) = try await run(["status": FakeAgent.result(FakeAgent.status)]) { await $0.status() }
        #expect(status == .ok)
        #expect(
            recorder.output == """
                Connected.

                  Person       Alice Example <alice@example.com>
                  Session      until 2026-12-21 08:00 (in 30 days)
                  Server       https://ztna.example.com, connected since 07:50 (for 10 min)
                  Device       laptop
                  Key          acorn actor
                  Addresses    100.64.0.1, fd7a::1
                  Tunnel       up on ztna0
                  Enforcing    yes, checked 5 s ago
                  Authorized   until 09:00 (in 60 min)
                  Peers        2

                """)
    }

    @Test(
        arguments: [
            (["state": "signed-out", "control": "idle"], "Not signed in. Sign in with: ztna login"),
            (["state": "down"], "Switched off. Switch on with: ztna up"),
            (["state": "offline", "control": "offline", "next_attempt_at": 1_795_248_012], "next attempt in 12 s"),
            (["session_expires_at": 1_795_251_600], "! The session ends 09:00 (in 60 min). Renew it with: ztna login"),
            (["session_expires_at": 1_795_247_000], "! The session is over."),
            (["enforcing": false], "! The policy is not enforced on this device yet."),
            (
                [
                    "step_up_wanted": [
                        "time": 1_795_247_940, "message": "db (tcp/22) needs it.",
                        "remedy": "Run: ztna login --step-up",
                    ]
                ], "! db (tcp/22) needs it. Run: ztna login --step-up (60 s ago)"
            ),
            (["problem": "The clock is 9 min wrong.", "remedy": "Set it."], "! The clock is 9 min wrong. Set it."),
            (
                ["withheld_name": "prod-db-1"],
                "! The policy speaks of a device called prod-db-1, so this one is called laptop. If it is that device, ask "
                    + "an administrator to run: ztna admin rename laptop prod-db-1"
            ),
            (["tunnel": "off", "enforcing": false], "off (the agent runs without a tunnel)"),
        ] as [(JSON, String)])
    func `warns of what matters`(_ change: JSON, _ line: String) async throws {
        let members = (FakeAgent.status.objectValue ?? [:]).merging(change.objectValue ?? [:]) { _, new in new }
        let (_, recorder) = try await run(["status": FakeAgent.result(.object(members))]) { await $0.status() }
        #expect(recorder.output.contains(line))
    }

    @Test func `shows the person`() async throws {
        let (_, recorder) = try await run(["whoami": FakeAgent.result(FakeAgent.person)]) { await $0.whoami() }
        #expect(recorder.output.hasPrefix("Alice Example <alice@example.com>\n\n  Groups       engineering, staff\n"))
        #expect(recorder.output.contains("through corp, 07:59, second factor 60 s ago"))
    }

    private static let peer: JSON = [
        "node": "n2", "host": "db\u{1B}[2J", "addresses": ["100.64.0.2", "fd7a::2"], "person": "Bob", "name": "Bob",
        "groups": ["dba"], "tags": [], "authorization_expires_at": 1_795_251_600, "may_reach_us": ["tcp/22"],
        "we_may_reach": ["tcp/5432", "icmp"], "endpoint": "192.0.2.7:51820", "candidates": [],
        "last_handshake": 1_795_247_970, "received": 2048, "sent": 10,
    ]

    @Test func `lists peers, and escapes what they call themselves`() async throws {
        let answers: [String: JSON] = ["peers": FakeAgent.result(["peers": [Self.peer]])]
        let (_, wide) = try await run(answers) { await $0.peers() }
        #expect(wide.output.contains("db\\u{1b}[2J  Bob     dba     100.64.0.2, fd7a::2  tcp/22        tcp/5432, icmp"))
        #expect(wide.output.hasPrefix("HOST") && wide.output.contains("MAY REACH US  WE MAY REACH"))
        #expect(wide.output.contains("192.0.2.7:51820  30 s ago   2.0 KiB   10 B"))
        let (_, narrow) = try await run(answers, style: TextStyle(width: 80)) { await $0.peers() }
        #expect(narrow.output.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= 80 })
        let (_, json) = try await run(answers, json: true) { await $0.peers() }
        #expect(try json.lines == [["peers": [Self.peer]]])
        #expect(!json.output.contains("\u{1B}"))
        let (_, none) = try await run(["peers": FakeAgent.result(["peers": []])]) { await $0.peers() }
        #expect(none.output.hasPrefix("No peers: the policy"))
        let off = FakeAgent.result(["peers": [], "state": "down"])
        #expect(try await run(["peers": off]) { await $0.peers() }.1.output.contains("ztna up"))
    }

    @Test func `says when nobody is signed in, and what to do`() async throws {
        let answers: [String: JSON] = [
            "peers": FakeAgent.result(["peers": [], "state": "signed-out"]),
            "up": FakeAgent.result(["state": "signed-out"]), "down": FakeAgent.result(["state": "signed-out"]),
        ]
        let (status, recorder) = try await run(answers) { await $0.peers() }
        #expect(status == .notSignedIn && recorder.output.isEmpty)
        #expect(recorder.errors == "Error: This device is not signed in.\nSign in with: ztna login\n")
        let (_, json) = try await run(answers, json: true) { await $0.peers() }
        #expect(try json.lines.map { $0.objectValue?["error"]?.stringValue } == ["signed-out"])
        let (switched, told) = try await run(answers) { await $0.up() }
        #expect(switched == .notSignedIn && told.output.isEmpty)
        #expect(told.errors.hasPrefix("Error: Switched on, but this device is not signed in.\n"))
        #expect(try await run(answers) { await $0.down() }.0 == .ok)
    }

    @Test func `lists refusals with their reason`() async throws {
        let refusals: JSON = [
            "refusals": [
                [
                    "time": 1_795_247_990, "direction": "in", "source": "100.64.0.2", "destination": "100.64.0.1",
                    "service": "tcp/22", "person": "Bob", "host": "db", "count": 3, "reason": "No rule allows it.",
                ],
                [
                    "time": 1_795_247_980, "direction": "out", "source": "100.64.0.1", "destination": "100.64.0.9",
                    "service": "tcp/80", "count": 1, "reason": "No such peer.",
                ],
            ], "unread": 4, "unattended": 7,
        ]
        let (_, recorder) = try await run(["refusals": FakeAgent.result(refusals)]) { await $0.refusals() }
        #expect(
            recorder.output.hasPrefix(
                """
                07:59:50  Bob on db (100.64.0.2) to this device, tcp/22, 3 times
                  refused: No rule allows it.
                07:59:40  this device to 100.64.0.9, tcp/80
                  refused: No such peer.
                """))
        #expect(recorder.output.contains("Access is given by the policy"))
        #expect(recorder.output.contains("4 packets came too fast"))
        #expect(recorder.output.contains("7 attempts came while no agent ran"))
    }

    @Test(arguments: [
        "No rule lets you. Ask your administrator to allow tcp/22.", "MFA is needed. Run `ztna login --step-up`.",
    ])
    func `adds nothing to refusals that say what to do`(_ reason: String) async throws {
        let refusal: JSON = [
            "time": 1_795_247_990, "direction": "in", "source": "100.64.0.2", "destination": "100.64.0.1",
            "service": "tcp/22", "count": 1, "reason": .string(reason),
        ]
        let answers: [String: JSON] = ["refusals": FakeAgent.result(["refusals": [refusal]])]
        let (_, recorder) = try await run(answers) { await $0.refusals() }
        #expect(recorder.output.hasSuffix("refused: \(reason)\n"))
    }

    @Test func `signs out and switches`() async throws {
        let answers: [String: JSON] = [
            "logout": FakeAgent.result(["server": "https://z", "revoked": false]),
            "down": FakeAgent.result(["state": "down"]), "version": FakeAgent.result(["version": "9.9"]),
        ]
        let (status, recorder) = try await run(answers) { await $0.logout() }
        #expect(status == .ok)
        #expect(recorder.output.hasPrefix("Signed out of https://z on this device.\nThe server could not be told"))
        let link = "https://z/saml/corp/logout?session=a"
        let linked = FakeAgent.result(["server": "https://z", "revoked": true, "logout_uri": .string(link)])
        let printed = try await run(["logout": linked]) { await $0.logout() }.1.output
        #expect(printed.hasPrefix("Signed out of https://z. ") && printed.hasSuffix("\n  \(link)\n"))
        #expect(try await run(answers) { await $0.down() }.1.output == "Off, until: ztna up. State: down\n")
        #expect(try await run(answers) { await $0.version() }.1.output.hasSuffix("ztna-agent 9.9\n"))
    }

    @Test(
        arguments: [
            (.notPermitted, .notPermitted), (.badRequest, .usage), (.busy, .failed), (.noServer, .usage),
            (.signedOut, .notSignedIn), (.alreadySignedIn, .failed), (.notRegistered, .failed), (.unreachable, .failed),
            (.accessDenied, .refused), (.expired, .expired), (.proofRefused, .refused), (.unknownControlKey, .failed),
            (.untrustedAnswer, .failed), (.serverError, .failed), (.state, .failed), (.shuttingDown, .agentNotRunning),
        ] as [(LocalErrorName, CommandOutcome)])
    func `ends with a status of its own for each error`(_ name: LocalErrorName, _ status: CommandOutcome) async throws {
        let (ended, recorder) = try await run(["whoami": FakeAgent.error(name)]) { await $0.whoami() }
        #expect(ended == status)
        #expect(recorder.output.isEmpty)
        #expect(recorder.errors.hasPrefix("Error: "))
        let (_, json) = try await run(["whoami": FakeAgent.error(name)], json: true) { await $0.whoami() }
        #expect(try json.lines.first?.objectValue?["error"]?.stringValue == name.rawValue)
    }

    @Test func `says when no agent runs, permits or answers`() async throws {
        let recorder = Recorder()
        let none = Queries(socket: "/tmp/ztna-no-such.sock", console: recorder.console())
        #expect(await none.status() == .agentNotRunning)
        #expect(recorder.errors.contains("sudo systemctl start ztna-agent"))
        #expect(await none.version() == .ok)

        let strict = try FakeAgent(permits: false) { _, _, _ in }
        defer { strict.stop() }
        let refused = Recorder()
        #expect(await Queries(socket: strict.path, console: refused.console()).status() == .notPermitted)
        #expect(refused.errors.contains("operators"))

        #expect(try await run([:]) { await $0.status() }.0 == .agentNotRunning)
    }

    @Test(arguments: [["event": "result"], ["event": "result", "state": "odd"], [:], [1]] as [JSON])
    func `refuses an answer that it cannot read`(_ answer: JSON) async throws {
        let (status, recorder) = try await run(["status": answer]) { await $0.status() }
        #expect(status == .failed)
        #expect(recorder.errors.contains("cannot be read"))
    }

    @Test func `passes over events of later versions`() async throws {
        let agent = try FakeAgent { _, send, _ in
            try await send(["event": "novelty"])
            try await send(FakeAgent.result(["state": "connected"]))
        }
        defer { agent.stop() }
        #expect(await Queries(socket: agent.path, console: Recorder().console()).up() == .ok)
    }
}
