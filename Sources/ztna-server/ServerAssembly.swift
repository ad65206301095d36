import AccessPolicy
import Coordinator
import Cryptography
import Gateway
import Glibc
import Identity
import IdleMemory
import LocalSocket
import Logging
import NetworkAddresses
import OpenIDConnect
import Places
import ServerConfiguration
import ServiceLifecycle
import SignedXML
import Store
import StoreSQLite
import UnixSignals
import WebAddresses
import Wire

/// Puts the server together from its configuration and runs it: wiring, and nothing else.
struct ServerAssembly {
    struct Failure: Error { let explanation: String }

    private let logger: Logger
    private let store: SQLiteStore
    private let evidence: Evidence
    private let coordinator: Coordinator
    private let places: Places?
    private let gateway: Gateway
    private let server: GatewayServer
    private let certificates: TLSCertificates?
    private let policy: PolicyReloading
    private let control: LocalSocketServer

    init(configurationPath: String, logger: Logger) async throws {
        self.logger = logger
        let files = try Self.loaded(
            ServerFiles.load(path: configurationPath, files: .ofSystem(), now: Int(time(nil))))
        let (configuration, document) = (files.configuration, files.policy)
        for warning in configuration.warnings + document.warnings {
            logger.warning(
                "\(warning.message)",
                metadata: ["file": "\(warning.file)", "line": "\(warning.line)"])
        }
        do {
            let state = try StateDirectory(path: configuration.stateDirectory)
            var controlSeed = try state.key("control", randomness: .system)
            let signer = try Ed25519PrivateKey(taking: &controlSeed)
            var gatewayRoot = try state.key("gateway", randomness: .system)
            let secrets = try GatewaySecrets(taking: &gatewayRoot)
            let clock: @Sendable () -> Int = { Int(time(nil)) }
            let certificates = try configuration.tls.map {
                try TLSCertificates(certificatePath: $0.certificate, keyPath: $0.key)
            }
            let keyPair = try Self.samlKeyPair(configuration, in: state, now: clock())
            store = try SQLiteStore(path: state.databasePath)
            let evidence = try Evidence(
                configuration, in: state, store: store, signer: signer, clock: clock, logger: logger)
            self.evidence = evidence
            let places = try configuration.placesDatabase.map(Self.places)
            let administrators = WorkingAdministrators(configuration.providers)
            let coordinator = Coordinator(
                store: store, signer: signer,
                configuration: try CoordinatorConfiguration(
                    serverURL: configuration.url.text, ipv4: configuration.overlayIPv4, ipv6: configuration.overlayIPv6,
                    authorizationLifetime: Int(configuration.nodeAuthorizationLifetime.components.seconds)),
                policy: document.policy, clock: clock, countries: { places?.country(of: $0) },
                isAdministrator: administrators.isAdministrator, logger: logger)
            self.coordinator = coordinator
            self.places = places
            var gateway = try await Gateway(
                configuration: GatewayConfiguration(
                    serverURL: configuration.url.text, organisation: configuration.organisation,
                    providers: configuration.providers,
                    sessionLifetime: Int(configuration.sessionLifetime.components.seconds),
                    trustedProxies: configuration.trustedProxies,
                    administratorsMFA: configuration.administratorsMFA.map { Int($0.components.seconds) }),
                services: GatewayServices(
                    store: store, signer: signer, secrets: secrets,
                    fetch: try ProviderClientPool(configuration.providers).fetch, nodes: NodeService(coordinator),
                    saml: keyPair.map {
                        SAMLServices(signingKey: $0.signingKey, workers: XMLWorkers(), readFile: MetadataFile.read)
                    },
                    clock: clock, randomness: .system, audit: evidence.log, logger: logger))
            let policyFile = PolicyReloading(
                path: configuration.policyFile, document: document, coordinator: coordinator, store: store,
                administrators: administrators, tellsCountries: places != nil, clock: clock, randomness: .system,
                audit: evidence.log, logger: logger)
            self.policy = policyFile
            let questions = QuestionCommands(coordinator: coordinator, policy: policyFile)
            let administration = Administration(
                MeshAdministration(coordinator: coordinator, policy: policyFile).commands
                    + PolicyAdministration(policy: policyFile).commands
                    + questions.commands
                    + SAMLControl(
                        serverURL: configuration.url.text, providers: configuration.samlProviders, keyPair: keyPair,
                        gateway: gateway
                    ).commands
                    + ProvisioningControl(administration: gateway.provisioningAdministration).commands
                    + evidence.commands,
                recorder: AdministrationRecorder(logger: logger, audit: evidence.log, clock: clock))
            gateway.control = ControlServices(
                administer: { caller, isAdministrator, request throws(ControlServices.Refusal) in
                    try await administration.result(
                        of: request, from: .person(caller, isAdministrator: isAdministrator))
                },
                why: questions.why,
                attempts: { caller, body throws(ControlServices.Refusal) in
                    try await evidence.take(body, from: caller)
                },
                groups: { person, groups in
                    WorkingAdministrators.groups(of: person, groups, await policyFile.document.policy.localGroups)
                })
            self.gateway = gateway
            let url = configuration.url.text
            server = try GatewayServer(
                gateway: gateway, host: configuration.listen.address.description, port: Int(configuration.listen.port),
                certificates: certificates, logger: logger,
                onRunning: { port in logger.notice("listening", metadata: ["port": "\(port)", "url": "\(url)"]) })
            self.certificates = certificates
            control = try LocalSocketServer(
                path: state.socketPath, mode: 0o600, maximumRequestBytes: ControlSocket.maximumRequestBytes,
                allow: { $0.uid == 0 || $0.uid == getuid() },
                handler: ControlSocket(administration: administration).answer)
        } catch { throw Failure(explanation: Self.explanation(of: error)) }
    }

    /// Until SIGTERM or SIGINT. Streams end, writes under way are finished, then the store closes.
    func run() async throws {
        do throws(CoordinatorError) { try await coordinator.start() } catch {
            throw Failure(explanation: error.explanation)
        }
        await policy.start()
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: BackgroundWork(
                            store: store, evidence: evidence, coordinator: coordinator, places: places,
                            gateway: gateway, policy: policy,
                            certificates: certificates, logger: logger)),
                    .init(service: server),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do { try await group.run() } catch {
            control.stop()
            await store.close()
            throw Failure(explanation: Self.explanation(of: error))
        }
        control.stop()
        await coordinator.stop()
        await evidence.finish()
        await store.close()
        logger.notice("stopped")
    }

    /// Made at the first start with a provider that speaks SAML; nil without any.
    private static func samlKeyPair(
        _ configuration: ServerConfiguration, in state: StateDirectory, now: Int
    ) throws -> SAMLKeyPair? {
        guard !configuration.samlProviders.isEmpty else { return nil }
        return try SAMLKeyPair.loadOrMake(configuration, in: state, now: now, randomness: .system)
    }

    private static func places(at path: String) throws(Failure) -> Places {
        do { return try Places(path: path) } catch {
            throw Failure(explanation: "places.database \(path): \(error.explanation)")
        }
    }

    private static func loaded<Value>(_ result: Result<Value, InvalidConfiguration>) throws(Failure) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let invalid):
            throw Failure(explanation: "the configuration is not usable\n" + invalid.description)
        }
    }

    private static func explanation(of error: any Error) -> String {
        switch error {
        case let error as Failure: error.explanation
        case let error as StateDirectory.Failure: error.explanation
        case let error as StoreError: error.explanation
        case let error as TLSCertificates.Failure: error.explanation
        case let error as CoordinatorError: error.explanation
        case let error as LocalSocketError: "the control socket: \(error.explanation)"
        default: "\(error)"
        }
    }
}

/// What runs beside the HTTP server: the change log is followed, deadlines are kept, files are read again, and what is
/// long over is forgotten.
private struct BackgroundWork: ServiceLifecycle.Service {
    let store: SQLiteStore
    let evidence: Evidence
    let coordinator: Coordinator
    let places: Places?
    let gateway: Gateway
    let policy: PolicyReloading
    let certificates: TLSCertificates?
    let logger: Logger

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await coordinator.follow() }
            group.addTask { await evidence.run() }
            group.addTask {
                while !Task.isCancelled {
                    await coordinator.tick(now: Int(time(nil)))
                    do { try await Task.sleep(for: .seconds(1)) } catch { return }
                }
            }
            // Of its own: a large file keeps no session's end waiting.
            group.addTask {
                while !Task.isCancelled {
                    await policy.reloadIfChanged()
                    await reloadPlaces()
                    do { try await Task.sleep(for: .seconds(1)) } catch { return }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    await forget(now: Int(time(nil)))
                    do { try await Task.sleep(for: .seconds(600)) } catch { return }
                }
            }
            group.addTask { await gateway.readMetadata() }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(60))) != nil { gateway.tellLeftOutLines() }
                gateway.tellLeftOutLines()
            }
            // The start is over: what it read and signed is in its place.
            group.addTask { await IdleMemory.keepReleasing { try await Task.sleep(for: $0) } }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
            }
            // Whichever ends first, by shutdown or by failure, ends the others.
            await cancelWhenGracefulShutdown { await withTaskCancellationHandlerForever() }
            group.cancelAll()
        }
    }

    private func reloadPlaces() async {
        guard let places else { return }
        do throws(PlacesError) {
            guard try places.reloadIfChanged() else { return }
            logger.notice("another database of places is in use", metadata: ["file": "\(places.path)"])
            await coordinator.relocate()
        } catch {
            logger.error(
                "the new database of places is not usable, the former one stays in use",
                metadata: ["file": "\(places.path)", "reason": "\(error.explanation)"])
        }
    }

    private func forget(now: Int) async {
        do {
            let done = try await Housekeeping.run(in: store, now: now)
            guard done != Housekeeping() else { return }
            logger.info(
                "old records deleted", metadata: ["sessions": "\(done.sessions)", "changes": "\(done.changes)"])
        } catch {
            let reason = (error as? StoreError)?.explanation ?? "\(error)"
            logger.warning("old records could not be deleted", metadata: ["reason": "\(reason)"])
        }
    }

    private func reload() async {
        if let certificates {
            do throws(TLSCertificates.Failure) {
                try certificates.reload()
                logger.notice("TLS certificate read again")
            } catch {
                logger.error("the old TLS certificate stays in use", metadata: ["reason": "\(error.explanation)"])
            }
        }
        await policy.reload()
        await gateway.readMetadata()
    }

    private func withTaskCancellationHandlerForever() async {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
    }
}
