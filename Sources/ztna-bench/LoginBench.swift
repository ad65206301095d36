import ArgumentParser
import Cryptography
import StoreSQLite
import Walkthrough
import Wire

/// Complete sign-ins: device authorization, code, provider, callback, confirmation, tokens, node authorization.
struct LoginBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign-ins per second of server CPU, and with many people at once.")

    @Option(help: "Sign-ins one after another.") var inTurn = 300
    @Option(help: "Sign-ins by many people at once.") var together = 3000
    @Option(help: "How many people at once.") var people = 64
    @OptionGroup var output: Output

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let meter = ClientMeter()
        let server = try await BenchServer(file: directory.path + "/ztna.sqlite", meter: meter)
        let people = max(1, people)
        var crowd = Crowd(server: server, meter: meter)
        var results: [LoginRun] = []
        try await server.running {
            _ = try await crowd.signIn(200, atOnce: people)
            results.append(try await crowd.signIn(inTurn, atOnce: 1))
            results.append(try await crowd.signIn(together, atOnce: people))
        }
        let floor = try await LoginFloor(file: directory.path + "/floor.sqlite")
        output.show(
            try Self.rows(alone: results[0], together: results[1], people: people, floor: floor),
            notes: try Self.notes(floor, results[1], lost: meter.lost))
    }

    private static func rows(alone: LoginRun, together: LoginRun, people: Int, floor: LoginFloor) throws -> [Row] {
        let crowd = "\(people) at once"
        func row(_ name: String, _ run: LoginRun, _ reference: String, _ seconds: Double) -> Row {
            Row(
                name: "sign-ins, \(name)", value: 1 / run.server, unit: "1/CPU-s", reference: reference,
                referenceValue: 1 / seconds)
        }
        return [
            row(crowd, together, "floor", try floor.seconds(of: together).all),
            row("one at a time", alone, "floor", try floor.seconds(of: alone).all),
            row(crowd, together, "floor, shared commits", try floor.seconds(of: together, sharing: true).all),
            Row(
                name: "sign-ins, \(crowd)", value: 1 / together.wall, unit: "1/s by the wall",
                reference: "one at a time", referenceValue: 1 / alone.wall),
            Row(
                name: "durable commits, \(crowd)", value: together.commits, unit: "a sign-in",
                reference: "write transactions", referenceValue: together.writes),
            Row(
                name: "server, \(crowd)", value: together.server * 1e6, unit: "CPU-µs a sign-in",
                reference: "with clients and provider", referenceValue: together.process * 1e6),
            Row(
                name: "Ed25519 signatures made", value: together.signatures, unit: "a sign-in",
                reference: "verified", referenceValue: together.verifications),
        ]
    }

    private static func notes(_ floor: LoginFloor, _ run: LoginRun, lost: Int) throws -> [String] {
        let apart = try floor.seconds(of: run).database
        let shared = try floor.seconds(of: run, sharing: true).database
        return [
            "floor of a sign-in: one RSA-2048 verification (\(micro(floor.rsaVerification))), Ed25519 signatures "
                + "(\(micro(floor.signature)) each) and verifications (\(micro(floor.verification)) each), its SQLite "
                + "transactions (\(micro(apart)) together; \(micro(shared)) when they share commits as the run's did); pieces "
                + "of client work that could not be subtracted: \(lost)"
        ]
    }

    private static func micro(_ seconds: Double) -> String { Table.number(seconds * 1e6) + " µs" }
}

/// A number of sign-ins; everything is for one.
struct LoginRun {
    /// CPU seconds of the whole process, and of the server alone.
    var process: Double
    var server: Double
    var wall: Double
    var commits: Double
    var writes: Double
    var signatures: Double
    var verifications: Double
}

/// People with a new device each, of whom a number sign in at once.
struct Crowd {
    let server: BenchServer
    let meter: ClientMeter
    private var next = 0

    init(server: BenchServer, meter: ClientMeter) {
        self.server = server
        self.meter = meter
    }

    mutating func signIn(_ count: Int, atOnce: Int) async throws -> LoginRun {
        let first = next
        next += count
        let (server, meter) = (server, meter)
        let client = meter.seconds
        let before = (server.store.commits, server.counts.writes, server.control.signatures)
        let spent = try await Spent.on {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<atOnce {
                    group.addTask {
                        for number in stride(from: first + lane, to: first + count, by: atOnce) {
                            try await Person(number: number, server: server, meter: meter).signIn()
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        func each(_ total: Int) -> Double { Double(total) / Double(count) }
        return LoginRun(
            process: spent.cpu / Double(count), server: (spent.cpu - (meter.seconds - client)) / Double(count),
            wall: spent.wall / Double(count), commits: each(server.store.commits - before.0),
            writes: each(server.counts.writes - before.1), signatures: each(server.control.signatures - before.2),
            verifications: Double(Person.verifications))
    }
}

/// One person, one new device, one browser.
struct Person {
    let number: Int
    let server: BenchServer
    let meter: ClientMeter

    /// Ed25519 verifications of one sign-in: the proofs of four device calls (the first learns the server's nonce), the
    /// access token, and the registration.
    static let verifications = 6

    func signIn() async throws {
        let piece = CurrentPiece()
        piece.set(meter.begin())
        defer { if let last = piece.take() { meter.end(last) } }
        let account = InProcessProvider.Account(
            subject: "person-\(number)", email: "person-\(number)@example.com",
            groups: ["staff", "team-\(number % BenchServer.teams)"])
        let transport = server.transport(
            address: "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)", account: account, meter: meter,
            piece: piece)
        var device = DeviceClient(
            key: try Ed25519PrivateKey(from: .system), server: server.url, transport: transport,
            clock: { Clocks.epoch })
        let begun = try await device.beginSignIn(name: "laptop-\(number)")
        guard let address = begun.string("verification_uri_complete"), let code = begun.string("device_code") else {
            throw BenchError.failed("device authorization: \(begun.json)")
        }
        var browser = Browser(transport: transport)
        let page = try await SignInWalk(user: account.subject, password: "", number: begun.integer("number"))
            .walk(address, in: &browser)
        guard page.outcome == "allowed" else { throw BenchError.failed("pages: \(browser.history)") }
        let tokens = try await device.poll(code)
        guard let access = tokens.string("access_token") else { throw BenchError.failed("token: \(tokens.json)") }
        let registration = try NodeRegistration(
            server: server.url, issuedAt: Clocks.epoch,
            wireGuardKey: try X25519PrivateKey(from: .system).publicKey, hostName: "laptop-\(number)",
            operatingSystem: "Debian GNU/Linux 12", endpoints: []
        ).signed(by: device.key)
        let node = try await device.register(registration, accessToken: access)
        guard node.string("authorization") != nil else { throw BenchError.failed("registration: \(node.json)") }
    }
}
