import ArgumentParser
import Cryptography
import Gateway
import Hummingbird
import Logging
import Sessions
import StoreSQLite
import Walkthrough

/// Token polls over real HTTP on loopback; the client is another process, so that only the server's CPU time counts.
///
/// A thousand devices poll, each far more often than it may: nearly every answer is `slow_down`, which costs what
/// `authorization_pending` does (proof, nonce, replay store, form, and the same look-up). Proofs are made beforehand.
struct PollBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "poll", abstract: "Token polls per second of server CPU, over HTTP.")

    @Option(help: "Polls to measure; the server remembers at most 200,000 proofs.") var polls = 40_000
    @Option(help: "Keep-alive connections.") var connections = 16
    @OptionGroup var output: Output

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let server = try await BenchServer(file: directory.path + "/ztna.sqlite", meter: ClientMeter())
        let devices = try await Devices(count: 1000, server: server)
        let warmUp = polls / 10
        let (connections, polls) = (connections, polls)
        try devices.requests(warmUp).write(to: directory.path + "/poll-warm-up")
        try devices.requests(polls).write(to: directory.path + "/poll")
        try RequestFile.hello(count: warmUp).write(to: directory.path + "/hello-warm-up")
        try RequestFile.hello(count: polls).write(to: directory.path + "/hello")
        var hello: LoadResult?
        var poll: LoadResult?
        try await Listening.hello(logger: server.logger).during { port in
            let load = Load(port: port, connections: connections)
            _ = try await load.send(directory.path + "/hello-warm-up")
            hello = try await load.send(directory.path + "/hello")
        }
        try await Listening.gateway(server).during { port in
            let load = Load(port: port, connections: connections)
            _ = try await load.send(directory.path + "/poll-warm-up")
            poll = try await load.send(directory.path + "/poll")
        }
        await server.store.close()
        guard let hello, let poll else { throw BenchError.failed("a server ended") }
        guard poll.answers["authorization_pending", default: 0] + poll.answers["slow_down", default: 0] == polls else {
            throw BenchError.failed("answers: \(poll.answers)")
        }
        let verification = try LoginFloor.verificationSeconds()
        let floor = hello.cpu + verification
        output.show(
            [
                Row(
                    name: "token polls", value: 1 / poll.cpu, unit: "1/CPU-s",
                    reference: "floor: hello + Ed25519 verification", referenceValue: 1 / floor),
                Row(
                    name: "token poll", value: poll.cpu * 1e6, unit: "CPU-µs", reference: "hello",
                    referenceValue: hello.cpu * 1e6),
                Row(
                    name: "token polls", value: 1 / poll.wall, unit: "1/s by the wall", reference: "hello",
                    referenceValue: 1 / hello.wall),
            ],
            notes: [
                "answers: "
                    + poll.answers.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
                    + "; Ed25519 verification \(Table.number(verification * 1e6)) µs; \(connections) keep-alive connections"
            ])
    }
}

/// Devices whose sign-in waits for its browser.
private struct Devices {
    private let waiting: [(key: Ed25519PrivateKey, code: String)]
    private let nonce: String
    private let url: String

    init(count: Int, server: BenchServer) async throws {
        let account = InProcessProvider.Account(subject: "nobody", email: "nobody@example.com", groups: [])
        var waiting: [(Ed25519PrivateKey, String)] = []
        var nonce = ""
        for number in 0..<count {
            let transport = server.transport(
                address: "10.0.\(number >> 8).\(number & 255)", account: account, meter: ClientMeter())
            let key = try Ed25519PrivateKey(from: .system)
            var device = DeviceClient(
                key: key, server: server.url, transport: transport, clock: { Clocks.epoch })
            let begun = try await device.beginSignIn(name: "laptop-\(number)")
            guard let code = begun.string("device_code") else { throw BenchError.failed("\(begun.json)") }
            waiting.append((key, code))
            nonce = device.currentNonce ?? nonce
        }
        self.waiting = waiting
        self.nonce = nonce
        url = server.url + "/oauth2/token"
    }

    /// Polls by each device in turn, each with a proof of its own.
    func requests(_ count: Int) throws -> RequestFile {
        var file = RequestFile()
        for number in 0..<count {
            let (key, code) = waiting[number % waiting.count]
            let proof = try DPoPProofMaking.proof(
                method: "POST", url: url, nonce: nonce, accessToken: nil,
                id: Randomness.system.token(16), now: Clocks.epoch, by: key)
            let body =
                "client_id=ztna-agent&device_code=\(code)"
                + "&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
            file.append(
                """
                POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ztna-agent\r\nDPoP: \(proof)\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
                """)
        }
        return file
    }
}

/// A server on a port of loopback that the system chooses.
struct Listening {
    private let run: @Sendable (@escaping @Sendable (Int) async -> Void) async throws -> Void

    /// The gateway with everything that a real server has around it.
    static func gateway(
        _ server: BenchServer, host: String = "127.0.0.1", port: Int = 0, certificates: TLSCertificates? = nil
    ) -> Listening {
        let (gateway, logger) = (server.gateway, server.logger)
        return Listening { onRunning in
            try await GatewayServer(
                gateway: gateway, host: host, port: port, certificates: certificates, logger: logger,
                onRunning: onRunning
            ).run()
        }
    }

    /// One route that says hello, on the same HTTP server.
    static func hello(logger: Logger) -> Listening {
        Listening { onRunning in
            let router = Router()
            router.get("/hello") { _, _ in "hello" }
            let application = Application(
                router: router,
                configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0), backlog: 1024),
                onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) }, logger: logger)
            try await application.run()
        }
    }

    func during(_ work: (Int) async throws -> Void) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let run = run
        let serving = Task {
            defer { continuation.finish() }
            try await run { port in continuation.yield(port) }
        }
        defer { serving.cancel() }
        for await port in ports {
            try await work(port)
            return
        }
        throw BenchError.failed("the server does not listen")
    }
}
