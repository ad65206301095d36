internal import StrictJSON
internal import Wire

/// `ztna login`: shows where to sign in, waits for the agent to say that it is done, and hands on what the browser brings.
package struct Login: Sendable {
    package struct Options: Sendable {
        package var server: String?
        package var force: Bool
        /// Renews the session's second factor; with neither `server` nor `force`.
        package var stepUp: Bool
        package var showsQRCode: Bool

        package init(
            server: String? = nil, force: Bool = false, stepUp: Bool = false, showsQRCode: Bool = false
        ) {
            self.server = server
            self.force = force
            self.stepUp = stepUp
            self.showsQRCode = showsQRCode
        }
    }

    /// Opens an address; the closure is for when that failed.
    package typealias OpenBrowser = @Sendable (_ url: String, _ onFailure: @escaping @Sendable () -> Void) -> Void

    /// What can happen while a sign-in waits.
    private enum Input: Sendable {
        case received(ReceivedEvent)
        case failed(ClientFailure)
        case browserCode(String)
        case browserFailed
        case tick
        case interrupted
    }

    private let options: Options
    private let socket: String
    private let console: Console
    /// Nil: no browser on this machine.
    private let openBrowser: OpenBrowser?
    private let interruptions: AsyncStream<Void>

    package init(
        options: Options, socket: String, console: Console, openBrowser: OpenBrowser?,
        interruptions: AsyncStream<Void>
    ) {
        self.options = options
        self.socket = socket
        self.console = console
        self.openBrowser = openBrowser
        self.interruptions = interruptions
    }

    package func run() async -> CommandOutcome {
        // The port must be open before the server hears of it. Without one the sign-in still works, by code.
        let listener = openBrowser == nil ? nil : try? LoopbackListener()
        defer { listener?.close() }
        let request = LocalRequest(
            command: .login, server: options.server, loopbackPort: listener?.port, force: options.force,
            stepUp: options.stepUp)
        let conversation: AgentConversation
        do throws(ClientFailure) {
            conversation = try await AgentConversation.begin(request, socket: socket)
        } catch { return report(error) }
        defer { conversation.close() }

        // Oldest kept: an answer is never lost to ticks.
        let (inputs, continuation) = AsyncStream.makeStream(of: Input.self, bufferingPolicy: .bufferingOldest(256))
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.listen(to: conversation) { continuation.yield($0) } }
            group.addTask { for await _ in interruptions { continuation.yield(.interrupted) } }
            if console.showsProgress, !console.json {
                group.addTask {
                    while (try? await Task.sleep(for: .milliseconds(100))) != nil { continuation.yield(.tick) }
                }
            }
            let status = await follow(inputs, conversation: conversation, listener: listener) {
                continuation.yield($0)
            }
            continuation.finish()
            conversation.close()
            group.cancelAll()
            return status
        }
    }

    /// Every event up to the end, or to the code's own end.
    private static func listen(to conversation: AgentConversation, _ tell: (Input) -> Void) async {
        var end: ContinuousClock.Instant?
        while true {
            do throws(ClientFailure) {
                let left = end.map { $0 - .now } ?? AgentConversation.patience
                let received = try await conversation.next(timeout: min(left, AgentConversation.patience))
                tell(.received(received))
                switch received.event {
                case .code(let code): end = .now + .seconds(min(max(code.expiresIn, 0), 3600)) + .seconds(60)
                case .result: return
                case .waiting, .signedIn, .part, .notice: break
                }
            } catch {
                return tell(.failed(error))
            }
        }
    }

    private func follow(
        _ inputs: AsyncStream<Input>, conversation: AgentConversation, listener: LoopbackListener?,
        tell: @escaping @Sendable (Input) -> Void
    ) async -> CommandOutcome {
        var progress = ProgressLine(console: console)
        defer { progress.clear() }
        var text = "Asking the server"
        var expiresAt: Int?
        var person: String?
        for await input in inputs {
            let now = console.time().now
            switch input {
            case .received(let received):
                if console.json { console.print(json: received.line) }
                switch received.event {
                case .code(let code):
                    progress.clear()
                    expiresAt = now.addingReportingOverflow(code.expiresIn).partialValue
                    text = "Waiting for the browser"
                    show(code, listener: listener, tell: tell)
                case .waiting(let seconds):
                    expiresAt = now.addingReportingOverflow(seconds).partialValue
                case .signedIn(let name, _):
                    let next =
                        options.stepUp
                        ? "Renewed; waiting for the new authorization" : "Signed in; registering this device"
                    (person, expiresAt, text) = (name, nil, next)
                case .part, .notice: break
                case .result(let members):
                    progress.clear()
                    return await finish(members)
                }
            case .failed(let failure):
                progress.clear()
                return await conclude(failure)
            case .browserCode(let code):
                do throws(ClientFailure) {
                    try await conversation.send(["loopback_code": .string(code)])
                } catch {
                    progress.clear()
                    return report(error)
                }
            case .browserFailed:
                progress.clear()
                if !console.json { console.note("The browser could not be opened: use the address above.") }
            case .tick: break
            case .interrupted:
                progress.clear()
                return report(interruption(person))
            }
            progress.show(
                text, secondsLeft: expiresAt.map { max(0, $0.subtractingReportingOverflow(now).partialValue) })
        }
        return report(.agentHungUp)
    }

    private func show(_ code: SignInCode, listener: LoopbackListener?, tell: @escaping @Sendable (Input) -> Void) {
        let url = listener == nil ? nil : code.browserURL
        if !console.json {
            console.print(
                SignInText.lines(
                    code, opensBrowser: url != nil, showsQRCode: options.showsQRCode, style: console.style))
        }
        guard let listener, let url, let done = code.doneURL(afterStepUp: options.stepUp), let openBrowser else {
            return
        }
        let lifetime = Duration.seconds(min(max(code.expiresIn, 0), 3600))
        listener.serve(redirectingTo: done, lifetime: lifetime) { tell(.browserCode($0)) }
        openBrowser(url) { tell(.browserFailed) }
    }

    private func finish(_ members: JSONMembers) async -> CommandOutcome {
        if console.json { return .ok }
        do throws(ClientFailure) {
            let person = try PersonAnswer(members)
            if options.stepUp {
                console.print([PersonText.renewed(person, time: console.time(), style: console.style)])
                return .ok
            }
            let status = try await settledStatus()
            let time = console.time()
            console.print(
                [PersonText.signedIn(person, time: time, style: console.style), ""]
                    + StatusText.connection(status, time: time, style: console.style))
            return .ok
        } catch { return report(error) }
    }

    /// The tunnel comes up a moment after the sign-in: worth three seconds, not more.
    private func settledStatus() async throws(ClientFailure) -> StatusAnswer {
        var status = try StatusAnswer(await AgentConversation.ask(.status, socket: socket))
        for _ in 0..<15 where status.state == .connecting || status.tunnel == "starting" {
            guard (try? await Task.sleep(for: .milliseconds(200))) != nil else { break }
            status = try StatusAnswer(await AgentConversation.ask(.status, socket: socket))
        }
        return status
    }

    /// Somebody who is signed in already (the agent says so only of the same server) has what they asked for.
    private func conclude(_ failure: ClientFailure) async -> CommandOutcome {
        guard failure.name == LocalErrorName.alreadySignedIn.rawValue,
            let members = try? await AgentConversation.ask(.whoami, socket: socket),
            let person = try? PersonAnswer(members)
        else { return report(failure) }
        if console.json {
            console.print(json: .object(members.members))
        } else {
            let time = console.time()
            console.print([
                "Already signed in as \(console.style.bold(SafeText.line(person.person))), until "
                    + time.until(person.sessionExpiresAt) + ".",
                "To sign in again, or as somebody else: ztna login --force",
            ])
        }
        return .ok
    }

    private func interruption(_ person: String?) -> ClientFailure {
        guard let person, !options.stepUp else { return .interrupted }
        return ClientFailure(
            name: ClientFailure.interrupted.name, message: "Interrupted after the sign-in of \(person).",
            remedy: "See how things stand with: ztna status. Undo it with: ztna logout.", status: .interrupted)
    }

    private func report(_ failure: ClientFailure) -> CommandOutcome {
        guard console.json else { return console.report(failure) }
        var line = failure.json.objectValue ?? [:]
        line["event"] = .string(LocalEvent.error.rawValue)
        console.print(json: .object(line))
        return failure.status
    }
}
