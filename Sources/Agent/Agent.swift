internal import Cryptography
internal import Dispatch
package import LinuxNetwork
internal import LocalSocket
package import Logging
internal import SignedDocuments

/// What one `ztna-agent run` is told.
package struct AgentOptions: Sendable {
    package var state: String
    package var socket: String
    /// Nil: no engine and no filter, as without root.
    package var interface: InterfaceName?
    /// The server of the first sign-in, where none is known yet.
    package var server: ServerURL?
    /// Who may talk to the socket besides root and the agent's own user.
    package var operators: Set<UInt32>
    /// Refuse TCP at this node, too, where the other side would; all else always is.
    package var checksEgress: Bool
    /// The WireGuard engine's program.
    package var engine: String

    package init(
        state: String, socket: String, interface: InterfaceName?, server: ServerURL?, operators: Set<UInt32>,
        checksEgress: Bool = false, engine: String = WireGuardProcess.defaultExecutable
    ) {
        self.state = state
        self.socket = socket
        self.interface = interface
        self.server = server
        self.operators = operators
        self.checksEgress = checksEgress
        self.engine = engine
    }
}

/// The agent, put together: its state, the control link, the tunnel and the local socket.
package struct Agent: Sendable {
    private let link: ControlLink
    private let dataPlane: DataPlane?
    private let server: LocalSocketServer
    private let upload: AttemptUpload
    private let environment: AgentEnvironment

    /// Reads the state, checks that it is ours, and listens. Errors: `StateError`, `LinuxNetworkError`,
    /// `LocalSocketError`; then nothing has been started.
    package init(_ options: AgentOptions, environment: AgentEnvironment, machine: String?, user: UInt32, logger: Logger)
        throws
    {
        let directory = try StateDirectory(options.state)
        try MachineIdentity.confirm(machine, in: directory)
        let deviceKey = try FileDeviceKeyStore(in: directory, randomness: environment.randomness).deviceKey()
        let wireGuardKey = try WireGuardKeyFile.key(in: directory, randomness: environment.randomness)
        var state = try AgentState(in: directory, randomness: environment.randomness)
        if let fault = state.accepted.fault {
            logger.warning(
                "which documents were accepted before this start is not known; nothing is to be done, the file is replaced",
                metadata: ["error": "\(fault)"])
        }
        if state.settings.server == nil, let server = options.server {
            var settings = state.settings
            settings.server = server
            try state.setSettings(settings)
        }
        let permitted = options.operators.union([0, user])
        // Whoever reports an attempt waits for no terminal.
        let noticeQueue = DispatchQueue(label: "ztna-agent.notices")
        let operatorNotice = OperatorNotice(to: permitted)
        let notices = StepUpNotices(
            now: environment.now, deliver: { notice in noticeQueue.async { operatorNotice.deliver(notice) } })
        let spool = try AttemptSpool(in: directory, randomness: environment.randomness)
        let told = try ToldAttempts(in: directory)
        let attempts = AttemptLog(
            logger: logger, now: environment.now, spool: spool, onStepUpNeeded: { notices.note($0) })
        let dataPlane = try options.interface.map {
            try DataPlane(
                interface: $0, privateKey: wireGuardKey, listenPort: state.settings.listenPort, attempts: attempts,
                spool: spool, told: told, checksEgress: options.checksEgress,
                engine: options.engine, environment: environment, logger: logger)
        }
        let link = ControlLink(
            state: state, deviceKey: deviceKey, wireGuardKey: wireGuardKey, environment: environment, logger: logger,
            publish: { view in dataPlane?.offer(view) }, hear: { time in dataPlane?.hear(serverTime: time) })
        let commands = LocalCommands(link: link, dataPlane: dataPlane, attempts: attempts, notices: notices)
        server = try LocalSocketServer(path: options.socket, allow: { permitted.contains($0.uid) }) {
            request, _, responder in try await commands.serve(request, responder)
        }
        upload = AttemptUpload(
            spool: spool, environment: environment, logger: logger, destination: { await link.reportDestination },
            send: { try await link.handIn(attempts: $0) })
        self.link = link
        self.dataPlane = dataPlane
        self.environment = environment
        logger.notice(
            "started", metadata: ["device": "\(deviceKey.publicKey.thumbprint)", "socket": "\(options.socket)"])
    }

    /// Works until the task is cancelled; then nothing is left behind but the state directory.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await link.run() }
            group.addTask { await watchNetwork() }
            group.addTask { await upload.run() }
            if let dataPlane { group.addTask { await dataPlane.run() } }
            await group.waitForAll()
        }
        server.stop()
    }

    /// Other addresses need another registration. Looked at every ten seconds.
    private func watchNetwork() async {
        while !Task.isCancelled {
            guard (try? await environment.sleep(.seconds(10))) != nil else { return }
            await link.checkCandidates()
        }
    }
}
