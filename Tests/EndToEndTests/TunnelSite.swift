import Foundation
import Glibc
import StrictJSON
import Testing

/// A network namespace with a device in it; gone with every process inside at the end, engines of killed agents too.
final class DeviceNamespace: Sendable {
    let name = "ztna-test-\(UInt32.random(in: 0...UInt32.max))"

    init() throws {
        try Self.run("ip", "netns", "add", name)
        try Self.run("ip", "-n", name, "link", "set", "lo", "up")
    }

    deinit {
        // Again, as an agent that still lives may have started another engine meanwhile.
        for _ in 0..<1000 {
            let left = processes
            if left.isEmpty { break }
            for process in left { kill(process, SIGKILL) }
        }
        _ = try? Self.run("ip", "netns", "delete", name)
    }

    var processes: [Int32] {
        let list = (try? Self.run("ip", "netns", "pids", name)) ?? ""
        return list.split(separator: "\n").compactMap { Int32($0) }
    }

    /// The WireGuard engines inside.
    var engines: [Int32] {
        processes.filter { process in
            let words = (try? Data(contentsOf: URL(filePath: "/proc/\(process)/cmdline"))) ?? Data()
            return String(decoding: words, as: UTF8.self).contains("wireguard-go")
        }
    }

    /// Their guards.
    var guards: [Int32] {
        processes.filter { (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == "ztna-guard\n" }
    }

    @discardableResult
    func inside(_ words: String...) throws -> String { try inside(words: words) }

    @discardableResult
    func inside(words: [String]) throws -> String { try Self.run(["ip", "netns", "exec", name] + words) }

    @discardableResult
    static func run(_ words: String...) throws -> String { try run(words) }

    private static func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Stuck(description: "\(words): \(text)") }
        return text
    }
}

/// A device in a namespace of its own, whose agent has a tunnel. It reaches the server on its own loopback: what it sends
/// there is passed on to this machine's.
final class TunnelDevice {
    let namespace: DeviceNamespace
    let interface = "zt\(UInt32.random(in: 0...UInt32.max))"
    private(set) var agent: RunningProgram
    private let folder: TestFolder
    private let site: Site
    private let name: String
    private let passages: [RunningProgram]
    private let environment: [String: String]

    /// `environment`: what the agent finds in its own.
    init(
        _ site: Site, name: String, in namespace: DeviceNamespace, environment: [String: String] = [:]
    ) async throws {
        let folder = try TestFolder()
        (self.site, self.name, self.namespace, self.folder) = (site, name, namespace, folder)
        self.environment = environment
        let port = try #require(URL(string: site.url)?.port)
        let passage = try folder.write("passage.py", Self.passage)
        passages = [
            try RunningProgram(
                "/usr/bin/python3", [passage, folder.path("passage"), "\(port)", "out"], in: folder.url),
            try RunningProgram(
                "/usr/bin/env",
                ["ip", "netns", "exec", namespace.name, "python3", passage, folder.path("passage"), "\(port)", "in"],
                in: folder.url),
        ]
        for end in passages { _ = try await end.line("the passage to the server", /listening/, from: \.output) }
        agent = try Self.agent(site, name, namespace, interface, folder, environment)
        try await untilItAnswers()
    }

    deinit {
        agent.kill()
        for kind in ["sock", "guard"] { unlink("/var/run/wireguard/\(interface).\(kind)") }
    }

    /// From the Unix socket to the server's port (`out`), or from the port inside to the Unix socket (`in`).
    private static let passage = """
        import socket, sys, threading
        path, port, side = sys.argv[1], int(sys.argv[2]), sys.argv[3]
        if side == "out":
            listener = socket.socket(socket.AF_UNIX); listener.bind(path); listener.listen(64)
        else: listener = socket.create_server(("127.0.0.1", port))
        print("listening", flush=True)
        def carry(a, b):
            try:
                while (data := a.recv(65536)): b.sendall(data)
            except OSError: pass
            for end in (a, b):
                try: end.shutdown(socket.SHUT_RDWR)
                except OSError: pass
        while True:
            a = listener.accept()[0]
            try:
                if side == "out": b = socket.create_connection(("127.0.0.1", port))
                else: b = socket.socket(socket.AF_UNIX); b.connect(path)
            except OSError: a.close(); continue
            for ends in ((a, b), (b, a)): threading.Thread(target=carry, args=ends, daemon=True).start()

        """

    private static func agent(
        _ site: Site, _ name: String, _ namespace: DeviceNamespace, _ interface: String, _ folder: TestFolder,
        _ environment: [String: String]
    ) throws -> RunningProgram {
        try RunningProgram(
            "/usr/bin/env",
            [
                "ip", "netns", "exec", namespace.name, Place.program("ztna-agent"), "run", "--state",
                folder.path("agent"), "--socket", folder.path("agent.sock"), "--interface", interface, "--host-name",
                name, "--server", site.url,
            ], environment: environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }, in: folder.url)
    }

    /// SIGKILL, and nothing else: what it had set up stays.
    func killAgent() { agent.kill() }

    func restartAgent() async throws {
        agent = try Self.agent(site, name, namespace, interface, folder, environment)
        try await untilItAnswers()
    }

    func cleanUp() throws -> String {
        try namespace.inside(
            Place.program("ztna-agent"), "cleanup", "--interface", interface, "--state", folder.path("agent"))
    }

    private func untilItAnswers() async throws {
        try await eventually("the agent of \(name) to answer:\n\(agent.errors)") {
            try #require(agent.isRunning, "\(agent.errors)")
            return try await run("status", "--json").status == 0 ? () : nil
        }
    }

    func run(_ words: String...) async throws -> RunningProgram.Finished { try await start(words).finish() }

    func start(_ words: [String]) throws -> RunningProgram {
        try RunningProgram(
            Place.program("ztna"), words,
            environment: ["ZTNA_AGENT_SOCKET": folder.path("agent.sock"), "SWIFT_BACKTRACE": "enable=no", "TZ": "UTC"],
            in: folder.url)
    }

    func ask(_ command: String) async throws -> JSONMembers {
        let end = try await run(command, "--json")
        try #require(end.status == 0, "ztna \(command): \(end.everything)")
        return try JSONMembers(parsing: Array(end.output.utf8))
    }

    func signIn(user: String) async throws {
        let login = try start(["login", "--no-browser", "--json"])
        try await walk(login, user: user, at: site)
    }

    /// Its IPv4 address, once its kernel enforces the policy.
    func overlayAddress() async throws -> String {
        try await untilEnforcing()
        let addresses = try await ask("whoami").strings("addresses")
        return try #require(addresses.first { !$0.contains(":") })
    }

    func untilEnforcing() async throws {
        try await eventually("\(name) to enforce") {
            let status = try await ask("status")
            return try status.bool("enforcing") && status.string("tunnel") == "up" ? () : nil
        }
    }

    /// Runs inside until this value's end.
    func program(_ text: String) throws -> RunningProgram {
        try RunningProgram(
            "/usr/bin/env", ["ip", "netns", "exec", namespace.name, "python3", "-c", text], in: folder.url)
    }

    /// Gives back what it is sent, on these ports.
    func echo(on ports: [Int]) async throws -> RunningProgram {
        let program = try program(
            """
            import socket, threading
            def serve(c):
                try:
                    while (d := c.recv(100)): c.sendall(d)
                except OSError: pass
            def listen(s):
                while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
            for port in \(ports):
                s = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
                threading.Thread(target=listen, args=(s,)).start()
            print("listening", flush=True)
            """)
        _ = try await program.line("ports to listen", /listening/, from: \.output)
        return program
    }
}

/// Two devices on one wire, signed in: bob's, and carol's, which offers ports.
struct TunnelPair {
    let site: Site
    let bob: TunnelDevice
    let carol: TunnelDevice
    /// Carol's, of IPv4 and of IPv6.
    let address: String
    let longAddress: String
    private let service: RunningProgram

    /// `environment`: of carol's agent. `provider`: further keys of the identity provider.
    init(ports: [Int], environment: [String: String] = [:], provider: String? = nil) async throws {
        site = try await Site(provider: provider)
        let (left, right) = (try DeviceNamespace(), try DeviceNamespace())
        try left.inside("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", right.name)
        for (namespace, number) in [(left, 1), (right, 2)] {
            try namespace.inside("ip", "address", "add", "192.0.2.\(number)/24", "dev", "wire")
            try namespace.inside("ip", "link", "set", "wire", "up")
        }
        bob = try await TunnelDevice(site, name: "bob-laptop", in: left)
        carol = try await TunnelDevice(site, name: "carol-studio", in: right, environment: environment)
        try await bob.signIn(user: "bob")
        try await carol.signIn(user: "carol")
        address = try await carol.overlayAddress()
        longAddress = try #require(try await carol.ask("whoami").strings("addresses").first { $0.contains(":") })
        try await bob.untilEnforcing()
        service = try await carol.echo(on: ports)
    }

    func apply(policy: String) async throws {
        try site.folder.write("policy.yaml", policy)
        _ = try await site.administer("policy", "reload")
    }

    /// A connection on which bytes run; tried again until the policy has arrived, or nil after its end.
    func flow(_ port: Int, to address: String? = nil, before end: Double = .infinity) async throws -> SteadyFlow? {
        while Date().timeIntervalSince1970 < end {
            let flow = try SteadyFlow(from: bob, to: address ?? self.address, port: port)
            try await eventually("bytes on \(port)") { flow.lastByte != nil || flow.hasEnded ? () : nil }
            if !flow.hasEnded { return flow }
            flow.stop()
        }
        return nil
    }
}

/// A connection over which bytes go to and fro until it breaks. It sends whether it is answered or not, so that it notices.
final class SteadyFlow {
    private let program: RunningProgram

    init(from device: TunnelDevice, to address: String, port: Int) throws {
        program = try device.program(
            """
            import select, socket, time
            try:
                c = socket.create_connection(("\(address)", \(port)), 10)
                sent, count = [], 0
                while True:
                    sent.append(time.time())
                    c.sendall(b"x")
                    if not select.select([c], [], [], 0.01)[0]: continue
                    data = c.recv(1000)
                    if not data: raise OSError("closed")
                    count += len(data)
                    print(sent[count - 1], flush=True)
                    time.sleep(0.01)
            except OSError as error: print("ended", error, flush=True)
            """)
    }

    var hasEnded: Bool { program.output.contains("ended") }
    /// When the last byte was sent that came back, in seconds since the epoch: not before that it passed both filters.
    var lastByte: Double? {
        program.output.split(separator: "\n").last { !$0.hasPrefix("ended") }.flatMap { Double($0) }
    }

    /// A byte was sent at that moment or later, and came back.
    func hasRun(since moment: Double) -> Bool { lastByte.map { $0 >= moment } ?? false }

    func goesOn(_ when: String) async throws {
        let now = Date().timeIntervalSince1970
        try await eventually("bytes \(when): \(program.output.suffix(200))") {
            try #require(!hasEnded, "\(when): \(program.output.suffix(200))")
            return hasRun(since: now) ? () : nil
        }
    }

    func ends(_ when: String) async throws {
        try await eventually("the end \(when)") { hasEnded ? () : nil }
    }

    func stop() { program.kill() }
}
