import CommandLineClient
import Glibc
import StrictJSON
import Testing
import Wire

@Suite struct `ztna login` {
    private static let never = AsyncStream<Void> { _ in }
    private static let browserCode = "abcdefghijklmnopqrstuvwxyz012345"

    private func run(
        _ agent: FakeAgent, _ recorder: Recorder, json: Bool = false, qr: Bool = false,
        openBrowser: Login.OpenBrowser? = nil, interruptions: AsyncStream<Void> = never, showsProgress: Bool = false
    ) async -> CommandOutcome {
        defer { agent.stop() }
        return await Login(
            options: Login.Options(server: "https://ztna.example.com", showsQRCode: qr), socket: agent.path,
            console: recorder.console(json: json, showsProgress: showsProgress), openBrowser: openBrowser,
            interruptions: interruptions
        ).run()
    }

    private func agent() throws -> FakeAgent {
        try FakeAgent { request, send, _ in
            guard request.objectValue?["command"]?.stringValue == "login" else {
                return try await send(FakeAgent.result(FakeAgent.status))
            }
            try await send(FakeAgent.code)
            try await send(["event": "waiting", "expires_in": 590])
            try await send(FakeAgent.signedIn)
            try await send(FakeAgent.result(FakeAgent.person))
        }
    }

    @Test func `on another device shows address, code and number, and says who signed in`() async throws {
        let recorder = Recorder()
        #expect(await run(try agent(), recorder) == .ok)
        for text in [
            "Page   https://ztna.example.com/device\n", "Code   BCDF-GHJK\n", "When the page asks, pick 42.",
            "The page names this device's key: acorn actor",
            "Signed in as Alice Example <alice@example.com> (groups: engineering, staff), until 2026-12-21 08:00.",
            "Connected.\n  Addresses   100.64.0.1, fd7a::1\n", "Peers       2",
        ] { #expect(recorder.output.contains(text)) }
        #expect(!recorder.output.contains("local=secret"))
        #expect(recorder.errors.contains("Waiting for the browser, 10:00 left."))
    }

    @Test func `to step up renews what is there, and connects nothing anew`() async throws {
        let recorder = Recorder()
        let agent = try FakeAgent { request, send, _ in
            #expect(request == ["command": "login", "step_up": true])
            try await send(FakeAgent.code)
            try await send(FakeAgent.signedIn)
            try await send(FakeAgent.result(FakeAgent.person))
        }
        defer { agent.stop() }
        let login = Login(
            options: Login.Options(stepUp: true), socket: agent.path, console: recorder.console(), openBrowser: nil,
            interruptions: Self.never)
        #expect(await login.run() == .ok)
        #expect(
            recorder.output.hasSuffix(
                "Renewed: Alice Example <alice@example.com>, second factor 60 s ago. "
                    + "Nothing was interrupted: try again what was refused.\n"))
    }

    @Test func `on this device hands on what the browser brings`() async throws {
        let recorder = Recorder()
        let (urls, opened) = AsyncStream.makeStream(of: String.self)
        let agent = try FakeAgent { request, send, hear in
            guard request.objectValue?["command"]?.stringValue == "login" else {
                return try await send(FakeAgent.result(FakeAgent.status))
            }
            let port = try #require(request.objectValue?["loopback_port"]?.integerValue.flatMap(UInt16.init(exactly:)))
            try await send(FakeAgent.code)
            for await url in urls {
                #expect(url == "https://ztna.example.com/device?user_code=BCDF-GHJK&local=secret")
                break
            }
            let get = "GET /?code=\(Self.browserCode) HTTP/1.1\r\nHost: "
            let heads = [
                "GET /favicon.ico HTTP/1.1\r\nHost: localhost:\(port)", get + "evil:\(port)", get + "127.0.0.1:\(port)",
            ]
            let answers = heads.map { RawClient.exchange($0 + "\r\n\r\n", port: port) }
            #expect(answers.map { $0.prefix(12) } == ["HTTP/1.1 404", "HTTP/1.1 404", "HTTP/1.1 303"])
            #expect(answers[2].contains("\r\nLocation: https://ztna.example.com/device/done\r\n"))
            #expect(answers.allSatisfy { $0.contains("no-store") && $0.contains("no-referrer") })
            #expect(try await hear() == ["loopback_code": .string(Self.browserCode)])
            try await send(FakeAgent.result(FakeAgent.person))
        }
        #expect(await run(agent, recorder, openBrowser: { url, _ in opened.yield(url) }) == .ok)
        #expect(recorder.output.contains("Your browser opens"))
        #expect(recorder.output.contains("On another device: when the page asks, pick 42."))
    }

    @Test func `prints events for programs`() async throws {
        let recorder = Recorder()
        #expect(await run(try agent(), recorder, json: true) == .ok)
        let events = try recorder.lines.map { $0.objectValue?["event"]?.stringValue }
        #expect(events == ["code", "waiting", "signed-in", "result"])
        #expect(recorder.errors.isEmpty)
    }

    @Test(
        arguments: [(.accessDenied, .refused), (.expired, .expired), (.proofRefused, .refused)]
            as [(LocalErrorName, CommandOutcome)])
    func `says why nobody is signed in`(_ name: LocalErrorName, _ status: CommandOutcome) async throws {
        for json in [false, true] {
            let recorder = Recorder()
            let agent = try FakeAgent { _, send, _ in
                try await send(FakeAgent.code)
                try await send(FakeAgent.error(name))
            }
            #expect(await run(agent, recorder, json: json) == status)
            if json {
                #expect(try recorder.lines.last?.objectValue?["event"] == "error")
            } else {
                #expect(recorder.errors.hasSuffix("Error: What happened.\nWhat to do.\n"))
            }
        }
    }

    @Test func `is content when signed in already`() async throws {
        let recorder = Recorder()
        let agent = try FakeAgent(answers: [
            "login": FakeAgent.error(.alreadySignedIn), "whoami": FakeAgent.result(FakeAgent.person),
        ])
        #expect(await run(agent, recorder) == .ok)
        #expect(recorder.output.hasPrefix("Already signed in as Alice Example <alice@example.com>"))
    }

    @Test func `says that the agent went away`() async throws {
        let recorder = Recorder()
        let agent = try FakeAgent { _, send, _ in try await send(FakeAgent.code) }
        #expect(await run(agent, recorder) == .agentNotRunning)
    }

    @Test func `when interrupted closes the socket and gives the terminal back`() async throws {
        let recorder = Recorder()
        let (interruptions, interrupt) = AsyncStream.makeStream(of: Void.self)
        let (gone, agentSawEnd) = AsyncStream.makeStream(of: Void.self)
        let agent = try FakeAgent { _, send, hear in
            try await send(FakeAgent.code)
            // There is no cursor to give back before it has been hidden.
            await recorder.showsError("\u{1B}[?25l")
            interrupt.yield()
            _ = try? await hear()
            agentSawEnd.finish()
        }
        #expect(await run(agent, recorder, interruptions: interruptions, showsProgress: true) == .interrupted)
        #expect(recorder.errors.hasSuffix("\u{1B}[?25hError: Interrupted. Nothing was changed.\n"))
        for await _ in gone {}
    }

    @Test func `neutralises what the server says, and opens no odd address`() async throws {
        let recorder = Recorder()
        var code = FakeAgent.code.objectValue ?? [:]
        code["user_code"] = "\u{1B}]0;owned\u{7}"
        code["verification_uri_local"] = "file:///etc/passwd"
        let event = JSON.object(code)
        let agent = try FakeAgent { _, send, _ in
            try await send(event)
            try await send(FakeAgent.error(.expired))
        }
        let status = await run(agent, recorder, openBrowser: { _, _ in Issue.record("opened") })
        #expect(status == .expired)
        #expect(!recorder.output.unicodeScalars.contains("\u{1B}"))
        #expect(recorder.output.contains("\\u{1b}]0;owned\\u{7}"))
    }

    @Test func `tells when the browser could not be opened`() async throws {
        let recorder = Recorder()
        let (told, tell) = AsyncStream.makeStream(of: Void.self)
        let agent = try FakeAgent { _, send, _ in
            try await send(FakeAgent.code)
            for await _ in told {}
            try await send(FakeAgent.error(.expired))
        }
        let status = await run(
            agent, recorder,
            openBrowser: { _, onFailure in
                onFailure()
                tell.finish()
            })
        #expect(status == .expired)
        #expect(recorder.errors.contains("The browser could not be opened: use the address above."))
    }
}
