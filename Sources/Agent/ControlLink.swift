package import Cryptography
package import Enforcement
internal import HTTPClient
internal import Identity
package import Logging
internal import Wire

/// The agent's side of the control connection: one session, its tokens, the registration and the netmap.
///
/// `run` works in rounds: a round connects and follows the netmap until something ends it. Whatever changes the situation
/// (sign-in, sign-out, up, down, another network) ends the current round, and the next one sees the new situation.
package actor ControlLink {
    let environment: AgentEnvironment
    let deviceKey: any Signer
    let wireGuardKey: X25519PrivateKey
    let logger: Logger
    /// Takes each new view; nil: nobody is a peer. Must not wait.
    let publish: @Sendable (MeshView?) -> Void
    /// Takes the server's own time, in seconds since the epoch, when it tells it. Must not wait.
    let hear: @Sendable (Int) -> Void

    var state: AgentState
    var client: ControlClient?
    var access: (token: String, expiresAt: Int)?
    /// The one refresh that is under way, whoever waits for it.
    var refreshing: (session: SessionID, task: Task<String, any Error>)?
    var registered: Registered?
    var netmap: Netmap?
    package internal(set) var status: LinkStatus
    var isSigningIn = false
    private var backoff = Backoff()
    private var round: Task<Void, Never>?

    package init(
        state: AgentState, deviceKey: any Signer, wireGuardKey: X25519PrivateKey, environment: AgentEnvironment,
        logger: Logger, publish: @escaping @Sendable (MeshView?) -> Void,
        hear: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.state = state
        self.deviceKey = deviceKey
        self.wireGuardKey = wireGuardKey
        self.environment = environment
        self.logger = logger
        self.publish = publish
        self.hear = hear
        status = LinkStatus(since: environment.now())
    }

    /// Returns when the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let next = Task { await self.followOnce() }
            round = next
            await withTaskCancellationHandler {
                await next.value
            } onCancel: {
                next.cancel()
            }
        }
        do { try state.accepted.write(now: environment.now()) } catch { tellUnwritten(error) }
    }

    /// Ends the current round.
    func interrupt() {
        backoff.reset()
        round?.cancel()
    }

    /// Registers anew when this machine's addresses have changed since.
    package func checkCandidates() async {
        guard let registered else { return }
        let current = await environment.candidates(state.settings.listenPort)
        if self.registered == registered, current != registered.candidates { interrupt() }
    }

    private func followOnce() async {
        guard let session = state.session, state.settings.isUp else {
            set(.idle, problem: status.problem)
            publish(nil)
            try? await environment.sleep(.seconds(86_400))
            return
        }
        do {
            if isOverHere(session) {
                // With the next netmap all is there again.
                netmap = nil
                publish(nil)
            }
            set(.connecting, problem: status.problem)
            try await follow(session)
            // The server ended the stream in good order, as at its restart.
            try await wait(backoff.next(from: environment.randomness), problem: nil)
        } catch let error as ControlError {
            await recover(from: error, in: session)
        } catch let error as NetmapError {
            netmap?.forgetPosition()
            await recover(from: Self.controlError(error), in: session)
        } catch let error as HTTPError {
            await recover(from: .transport(error), in: session)
        } catch let error as StateError {
            logger.error("the agent's files", metadata: ["error": "\(error)"])
            try? await wait(.seconds(30), problem: Problem("\(error)", remedy: "Put it right; the agent tries again."))
        } catch is CancellationError {
            // Whoever cancelled has changed the situation.
        } catch {
            logger.error("the control connection broke off", metadata: ["error": "\(error)"])
            try? await wait(.seconds(30), problem: Problem("\(error)", remedy: "See the agent's log."))
        }
    }

    /// By this machine's clock alone, which may be wrong: nobody is a peer then, and the server is asked. What was signed is
    /// given up by its word only.
    private func isOverHere(_ session: SessionRecord) -> Bool { session.expiresAt <= environment.now() }

    private func follow(_ session: SessionRecord) async throws {
        let client = client(for: session.server)
        let token = try await accessToken(client, of: session)
        try await registerIfNeeded(client, token, session)
        let known =
            netmap
            ?? Netmap(
                trust: trust(in: session.server), accepted: state.accepted.times(of: session.server))
        netmap = known
        try await client.followNetmap(accessToken: token, epoch: known.epoch, after: known.sequence) { message in
            try await self.take(message, of: session)
        }
    }

    private func take(_ message: NetmapMessage, of session: SessionRecord) throws {
        guard state.session?.session == session.session, var netmap, !Task.isCancelled else {
            throw CancellationError()
        }
        let effect = try netmap.apply(message, now: environment.now())
        self.netmap = netmap
        backoff.reset()
        remember(netmap.accepted, of: session.server)
        if case .heartbeat(_, let time) = message { hear(time) }
        switch effect {
        case .unchanged: break
        case .changed:
            publish(netmap.view)
            for (node, error) in netmap.refused.sorted(by: { $0.key < $1.key }).prefix(10) {
                logger.warning("a peer is left out", metadata: ["node": "\(node)", "reason": "\(error.explanation)"])
            }
        case .ended(let reason): throw ControlError.sessionOver(reason: reason)
        }
        if status.control != .connected {
            logger.info("connected", metadata: ["server": "\(session.server)"])
            set(.connected)
        }
    }

    private func remember(_ times: AcceptedTimes, of server: ServerURL) {
        do { try state.accepted.remember(times, of: server, now: environment.now()) } catch { tellUnwritten(error) }
    }

    /// Nothing waits for that file.
    private func tellUnwritten(_ error: StateError) {
        logger.warning("the times of the newest documents are not on disk", metadata: ["error": "\(error)"])
    }

    private func recover(from error: ControlError, in session: SessionRecord) async {
        guard !Task.isCancelled, state.session?.session == session.session else { return }
        logger.warning("control connection", metadata: ["problem": "\(error.local.message)"])
        var atLeast: Int?
        switch error {
        case .sessionOver(let reason): return endSession(reason)
        case .refused(_, "invalid_grant", let words, _):
            return endSession(words.isEmpty ? "ended by the server" : words)
        case .refused(_, "invalid_token", _, _): access = nil
        case .refused(_, _, _, let retryAfter): atLeast = retryAfter
        default: break
        }
        let pause = backoff.next(from: environment.randomness, atLeast: atLeast)
        try? await wait(pause, problem: isOverHere(session) ? .sessionOverHere(after: error) : Problem(error))
    }

    private func wait(_ pause: Duration, problem: Problem?) async throws {
        set(.offline, problem: problem)
        status.nextAttemptAt = environment.now() + Int(pause.components.seconds)
        try await environment.sleep(pause)
    }

    func set(_ control: LinkStatus.Control, problem: Problem? = nil) {
        if status.control != control { status.since = environment.now() }
        status.control = control
        status.problem = problem
        status.nextAttemptAt = nil
    }

    private static func controlError(_ error: NetmapError) -> ControlError {
        switch error {
        case .gap: .malformed("netmap message in its order")
        case .document(let error): .document(error)
        case .notForUs(let what): .notForUs(what)
        case .olderPolicy: .older("policy")
        case .olderAuthorization: .older("authorization")
        }
    }
}
