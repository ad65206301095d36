import Agent
import Cryptography
import Enforcement
import HTTPClient
import Identity
import Logging
import StrictJSON
import Synchronization
import Testing
import Wire

/// A device before a fake server.
private struct Device {
    let temporary = TemporaryDirectory()
    let clock = TestClock()
    let gateway: FakeGateway
    let link: ControlLink
    let key: Ed25519PrivateKey
    let views: AsyncStream<MeshView?>
    /// The server's time, whenever it told it.
    let heard: AsyncStream<Int>

    init(
        _ documents: Documents, script: FakeGateway.Script = .init(), session: Bool = false, pinned: Bool = false,
        accepted: AcceptedTimes = AcceptedTimes()
    ) throws {
        gateway = FakeGateway(documents, clock: clock, script: script)
        key = try Ed25519PrivateKey(from: .system)
        let (views, continuation) = AsyncStream<MeshView?>.makeStream()
        self.views = views
        let (heard, hear) = AsyncStream<Int>.makeStream()
        self.heard = heard
        let server = try #require(ServerURL(documents.server))
        var state = try AgentState(in: temporary.open(), randomness: .system)
        if session || pinned {
            try state.pin(
                [pinned ? Ed25519PrivateKey(from: .system).publicKey : documents.control.publicKey], of: server)
        }
        if session {
            try state.setSession(
                SessionRecord(
                    server: server, session: Documents.id(800), refreshToken: "old", expiresAt: 86_400))
        }
        try state.accepted.remember(accepted, of: server, now: 0)
        let clock = clock
        let environment = AgentEnvironment(
            now: { clock.now }, sleep: { try await clock.sleep($0) }, randomness: .system,
            transport: gateway.transport, hostName: "laptop", operatingSystem: "Linux", candidates: { _ in [] })
        link = ControlLink(
            state: state, deviceKey: key, wireGuardKey: try X25519PrivateKey(from: .system), environment: environment,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, publish: { continuation.yield($0) },
            hear: { hear.yield($0) })
    }

    func signIn(force: Bool = false, leavingAtCode: Bool = false) async throws {
        let request = LocalRequest(command: .login, server: gateway.documents.server, force: force)
        try await link.signIn(
            request,
            SignInConversation(
                code: { answer in if leavingAtCode { throw CancellationError() } }, waiting: { _ in },
                signedIn: { _, _ in }, loopbackCode: { nil }))
    }

    func stepUp(force: Bool = false) async throws {
        try await link.signIn(
            LocalRequest(command: .login, force: force, stepUp: true),
            SignInConversation(
                code: { _ in }, waiting: { _ in }, signedIn: { _, _ in }, loopbackCode: { nil }))
    }

    /// Files that hold something of a sign-in.
    var keepsSignIn: Bool {
        get async { await link.localState != .signedOut }
    }
}

@Suite struct `The control link` {
    let documents: Documents

    init() throws { documents = try Documents() }

    @Test func `signs in, patiently, and registers its node`() async throws {
        let device = try Device(documents, script: .init(pollErrors: ["authorization_pending", "slow_down"]))
        try await device.signIn()
        #expect(await device.link.localState != .signedOut)
        let who = try await device.link.whoAmI()
        #expect(who.objectValue?["person"] == "person1@example.com" && who.objectValue?["host"] == "host-1")
        // Polls after 2, 2 and, being told to slow down, 7 seconds.
        #expect(device.clock.now == 12)
        await #expect { try await device.signIn() } throws: { ($0 as? LocalFailure)?.name == .alreadySignedIn }
        try await device.signIn(force: true)
    }

    @Test func `without a session says at once that nobody is a peer, lest a left tunnel stays`() async throws {
        let device = try Device(documents)
        let running = Task { await device.link.run() }
        defer { running.cancel() }
        for await view in device.views {
            #expect(view == nil)
            break
        }
    }

    @Test(arguments: [
        ("access_denied", LocalErrorName.accessDenied), ("expired_token", .expired), ("invalid_grant", .serverError),
        ("invalid_dpop_proof", .proofRefused),
    ])
    func `keeps nothing of a refused sign-in`(_ error: String, _ name: LocalErrorName) async throws {
        let device = try Device(documents, script: .init(pollErrors: [error]))
        await #expect { try await device.signIn() } throws: { ($0 as? LocalFailure)?.name == name }
        #expect(await !device.keepsSignIn)
    }

    @Test func `keeps nothing of a sign-in that the person leaves`() async throws {
        let device = try Device(documents)
        await #expect(throws: CancellationError.self) { try await device.signIn(leavingAtCode: true) }
        #expect(await !device.keepsSignIn)
        try await device.signIn()
    }

    @Test func `refuses a server whose control key has changed`() async throws {
        let device = try Device(documents, pinned: true)
        await #expect { try await device.signIn() } throws: { ($0 as? LocalFailure)?.name == .unknownControlKey }
        #expect(await !device.keepsSignIn)
    }

    @Test func `refuses an authorization for another device`() async throws {
        let other = try Ed25519PrivateKey(from: .system)
        let device = try Device(documents, script: .init(confirmedDevice: other))
        await #expect { try await device.signIn() } throws: { ($0 as? LocalFailure)?.name == .untrustedAnswer }
        await #expect { try await device.link.whoAmI() } throws: { ($0 as? LocalFailure)?.name == .notRegistered }
    }

    @Test func `refreshes under one name until the answer comes, then follows the netmap to its end`() async throws {
        let device = try Device(documents, script: .init(lostRefreshes: 2), session: true)
        let running = Task { await device.link.run() }
        defer { running.cancel() }
        // The netmap can only be made once the registration is known.
        while device.gateway.record.withLock({ $0.registration.isEmpty }) { await Task.yield() }
        #expect(device.gateway.record.withLock { Set($0.refreshAttempts).count == 1 && $0.refreshAttempts.count == 3 })
        let registration = device.gateway.record.withLock { $0.registration }
        let own = try documents.authorization(1, device: device.key.publicKey, registration: registration)
        let peer = try Documents.id(2)
        let snapshot = NetmapMessage.snapshot(
            epoch: "e", sequence: 3, own: own, peers: [peer: try documents.peer(2)],
            policy: try documents.policy(for: 1))
        device.gateway.script.withLock {
            $0.netmap = [snapshot, .heartbeat(sequence: 3, time: 77), .ended(reason: "revoked")]
        }
        // Another network: the link connects anew.
        try await device.link.setUp(true)
        var seen: [[NodeID]?] = []
        for await view in device.views {
            seen.append(view.map { Array($0.peers.keys) })
            if seen.count == 2 { break }
        }
        #expect(seen == [[peer], nil])
        #expect(await device.link.localState == .signedOut)
        #expect(await device.link.status.problem?.message.contains("revoked") == true)
        for await time in device.heard {
            #expect(time == 77)
            break
        }
    }

    @Test func `refuses an authorization older than one that was accepted before its start`() async throws {
        let device = try Device(documents, session: true, accepted: AcceptedTimes(authorization: 61))
        let running = Task { await device.link.run() }
        defer { running.cancel() }
        while await device.link.status.problem == nil { await Task.yield() }
        #expect(
            await device.link.status.problem?.message.contains("older than one that this device has accepted") == true)
        await #expect { try await device.link.whoAmI() } throws: { ($0 as? LocalFailure)?.name == .notRegistered }
    }

    @Test(.timeLimit(.minutes(5)))
    func `waits without a view where the clock alone says that the session is over`() async throws {
        let device = try Device(documents, script: .init(lostRefreshes: .max), session: true)
        device.clock.set(90_000)
        let running = Task { await device.link.run() }
        defer { running.cancel() }
        for await view in device.views {
            #expect(view == nil)
            break
        }
        while await device.link.status.nextAttemptAt == nil { await Task.yield() }
        #expect(await device.keepsSignIn)
        #expect(await device.link.status.problem?.message.contains("this device's clock") == true)
        // Put right: the same session goes on.
        device.clock.set(100)
        device.gateway.script.withLock { $0.lostRefreshes = 0 }
        while device.gateway.record.withLock({ $0.streams == 0 }) { await Task.yield() }
        #expect(await device.keepsSignIn)
    }

    @Test(.timeLimit(.minutes(5)))
    func `ends its session by the server's word alone, whatever the clock says`() async throws {
        let device = try Device(documents, script: .init(refreshError: "invalid_grant"), session: true)
        device.clock.set(90_000)
        let running = Task { await device.link.run() }
        defer { running.cancel() }
        while await device.keepsSignIn { await Task.yield() }
        #expect(await device.link.status.problem?.remedy == "Run `ztna login`.")
    }

    @Test func `signs out here at once and tells the server`() async throws {
        let device = try Device(documents, session: true)
        let done = try await device.link.signOut()
        #expect(done.logoutURI == nil)
        #expect(done.isRevoked && device.gateway.record.withLock { $0.revoked } == ["old"])
        await #expect { try await device.link.signOut() } throws: { ($0 as? LocalFailure)?.name == .signedOut }
    }

    @Test func `is down until told to be up`() async throws {
        let device = try Device(documents, session: true)
        try await device.link.setUp(false)
        #expect(await device.link.localState == .down)
        try await device.link.setUp(true)
        #expect(await device.link.localState == .connecting)
    }

    @Test func `renews the session that it has, and keeps its tokens`() async throws {
        let device = try Device(documents, script: .init(renewal: (800, 40_000)), session: true)
        try await device.stepUp()
        #expect(device.gateway.record.withLock { $0.renewed } == [try Documents.id(800).text])
        #expect(await device.link.statusMembers()["session_expires_at"] == 40_000)
        #expect(device.gateway.record.withLock { $0.refreshAttempts.isEmpty && $0.registration.isEmpty })
        _ = try await device.link.signOut()
        #expect(device.gateway.record.withLock { $0.revoked } == ["old"])
    }

    @Test(arguments: [
        ("access_denied", LocalErrorName.accessDenied), ("expired_token", .expired),
        ("second_factor_not_configured", .secondFactorNotConfigured),
    ])
    func `keeps its session when a renewal is refused`(_ error: String, _ name: LocalErrorName) async throws {
        let device = try Device(documents, script: .init(pollErrors: [error], renewal: (800, 40_000)), session: true)
        await #expect { try await device.stepUp() } throws: { ($0 as? LocalFailure)?.name == name }
        #expect(await device.link.localState != .signedOut)
    }

    @Test func `renews nothing without a session, and nothing of another`() async throws {
        let none = try Device(documents)
        await #expect { try await none.stepUp() } throws: { ($0 as? LocalFailure)?.name == .signedOut }
        let other = try Device(documents, script: .init(renewal: (801, 40_000)), session: true)
        await #expect { try await other.stepUp() } throws: { ($0 as? LocalFailure)?.name == .untrustedAnswer }
        let signed = try Device(documents, session: true)
        await #expect { try await signed.stepUp(force: true) } throws: { ($0 as? LocalFailure)?.name == .badRequest }
    }

    @Test func `asks the server in the person's name`() async throws {
        let device = try Device(
            documents,
            script: .init(answers: ["/v1/why": (200, ["allowed": true]), "/v1/admin": (200, ["result": [1, 2]])]),
            session: true)
        #expect(try await device.link.why(host: "db", service: "tcp/22") == ["allowed": true])
        #expect(try await device.link.administer(["command": "nodes-list"]) == [1, 2])
        #expect(
            device.gateway.record.withLock { $0.questions } == [
                #"{"host":"db","service":"tcp/22"}"#, #"{"command":"nodes-list"}"#,
            ])
    }

    @Test(arguments: [
        (403, "not_an_administrator", LocalErrorName.notAdministrator),
        (401, "insufficient_user_authentication", .stepUpNeeded), (422, "command_refused", .commandRefused),
        (500, "server_error", .serverError),
    ])
    func `says why a command is not carried out`(_ status: Int, _ error: String, _ name: LocalErrorName) async throws {
        let body: JSON = ["error": .string(error), "error_description": "line 1\nline 2"]
        let device = try Device(
            documents, script: .init(answers: ["/v1/admin": (status, body)]), session: true)
        await #expect {
            try await device.link.administer(["command": "x"])
        } throws: {
            ($0 as? LocalFailure)?.name == name && ($0 as? LocalFailure)?.message.contains("line 2") == true
        }
        let none = try Device(documents)
        await #expect { try await none.link.administer([:]) } throws: { ($0 as? LocalFailure)?.name == .signedOut }
    }

    @Test func `names what it cannot take for a server`() async throws {
        let device = try Device(documents)
        let conversation = SignInConversation(
            code: { _ in }, waiting: { _ in }, signedIn: { _, _ in }, loopbackCode: { nil })
        for (server, name) in [(nil, LocalErrorName.noServer), ("http://a.example", .badRequest)] {
            await #expect {
                try await device.link.signIn(LocalRequest(command: .login, server: server), conversation)
            } throws: { ($0 as? LocalFailure)?.name == name }
        }
    }
}
