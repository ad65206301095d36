import Agent
import ArgumentParser
import Cryptography
import Glibc
import HTTPClient
import IdleMemory
import LinuxNetwork
import LocalSocket
import Logging
import OperatorLog

/// Runs the agent until SIGTERM or SIGINT.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the agent until SIGTERM or SIGINT; leaves nothing behind but its state.")
    static let defaultInterface = "ztna0"
    static let defaultState = "/var/lib/ztna-agent"

    @Option(help: "Where keys and session are kept; made with mode 0700.")
    var state = Self.defaultState

    @Option(help: "The socket that `ztna` talks to.")
    var socket = "/run/ztna-agent.sock"

    @Option(help: "The overlay interface's name.")
    var interface = Self.defaultInterface

    @Option(help: "The server of the first sign-in: https://HOST. `ztna login --server` takes another.")
    var server: String?

    @Option(help: "A PEM file of certificate authorities to trust besides the system's.")
    var caFile: String?

    @Option(
        name: .customLong("operator"), help: "A user, by name or number, who may use `ztna` besides root; repeatable.")
    var operators: [String] = []

    @Flag(help: "Everything but WireGuard and the packet filter; needs no root.")
    var withoutTunnel = false

    @Flag(help: "Refuse TCP at this device, too, where the other side would; all else always is.")
    var egressCheck = false

    @Option(help: "The WireGuard engine: a wireguard-go of your own, such as a newer one.")
    var engine = WireGuardProcess.defaultExecutable

    @Option(help: "What this device wishes to be called; by default the machine's name.")
    var hostName: String?

    @Option(help: "trace, debug, info, notice, warning or error.")
    var logLevel = "info"

    func run() async throws {
        var logger = Logger(label: "ztna-agent") { StreamLogHandler(label: $0, stream: OneLineEvents()) }
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("--log-level: trace, debug, info, notice, warning or error.")
        }
        logger.logLevel = level
        let options = try agentOptions()
        let client = try httpClient()
        let environment = agentEnvironment(client)
        let agent: Agent
        do {
            agent = try Agent(
                options, environment: environment, machine: MachineIdentity.ofThisMachine(), user: geteuid(),
                logger: logger)
        } catch { throw refusal(error) }
        let work = Task { await agent.run() }
        // Once the start is over.
        let thrift = Task {
            guard (try? await Task.sleep(for: .seconds(10))) != nil else { return }
            await IdleMemory.keepReleasing { try await Task.sleep(for: $0) }
        }
        let signals = TerminationSignals { work.cancel() }
        await work.value
        thrift.cancel()
        signals.restore()
        client.shutdown()
    }

    private func agentOptions() throws -> AgentOptions {
        let url = try server.map { text in
            guard let url = ServerURL(text) else {
                throw ValidationError(
                    "--server \(text): give https://HOST or https://HOST:PORT, without a path (plain http only for loopback)."
                )
            }
            return url
        }
        guard let interface = InterfaceName(interface) else {
            throw ValidationError("--interface \(interface): 1 to 15 letters, digits, \".\", \"_\" and \"-\".")
        }
        // By that name an agent knows the engine that one before it left.
        guard engine.hasPrefix("/"), engine.split(separator: "/").last == "wireguard-go" else {
            throw ValidationError("--engine \(engine): a path from / on that ends in wireguard-go.")
        }
        return AgentOptions(
            state: state, socket: socket, interface: withoutTunnel ? nil : interface, server: url,
            operators: Set(try operators.map(UserNumber.of)), checksEgress: egressCheck, engine: engine)
    }

    private func httpClient() throws -> HTTPClient {
        let policy = HTTPClientPolicy(
            addresses: .any, allowPlainHTTPOnLoopback: true, caFile: caFile, useEnvironmentProxy: true)
        do { return try HTTPClient(policy: policy) } catch {
            throw ValidationError("--ca-file \(caFile ?? ""): \(error.explanation).")
        }
    }

    private func agentEnvironment(_ client: HTTPClient) -> AgentEnvironment {
        let overlay = interface
        let routes = withoutTunnel ? nil : try? RouteNetlink()
        return AgentEnvironment(
            now: { WallClock.now() }, sleep: { try await Task.sleep(for: $0) }, randomness: .system,
            transport: ControlTransport(client), hostName: hostName ?? Machine.hostName,
            operatingSystem: Machine.operatingSystem,
            candidates: { port in
                guard let addresses = try? await routes?.addresses() else { return [] }
                return EndpointChoice.candidates(
                    locals: addresses.map {
                        EndpointChoice.Local(address: $0.address, length: $0.length, interface: $0.interface)
                    }, port: port, overlay: overlay)
            }, clocks: { WallClock.reading() })
    }

    /// What to do about it, where the person at the terminal can do something.
    private func refusal(_ error: any Error) -> StartFailure {
        switch error {
        case LinuxNetworkError.notRoot:
            StartFailure("the tunnel needs root: run it as a service or with sudo, or give --without-tunnel")
        case let error as LocalSocketError: StartFailure("\(socket): \(error.explanation)")
        default: StartFailure("\(error)")
        }
    }
}

/// Why the agent did not start, in one line.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ reason: String) { description = "ztna-agent cannot start: \(reason)" }
}
