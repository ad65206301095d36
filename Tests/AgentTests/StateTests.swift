import Agent
import Cryptography
import Glibc
import Identity
import NetworkAddresses
import Testing
import Wire

/// A directory of its own under the system's temporary one, removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() { path = "/tmp/ztna-agent-test-" + Randomness.system.token(9) }

    deinit {
        for name in [
            "lock", "device.key", "wireguard.key", "settings.json", "session.json", "control-keys.json", "machine",
            "accepted.json", "attempts-told",
        ] {
            unlink("\(path)/\(name)")
        }
        rmdir(path)
    }

    func open() throws -> StateDirectory { try StateDirectory(path) }
}

@Suite struct `The state directory` {
    let temporary = TemporaryDirectory()

    @Test func `gives back what was written, to its user alone`() throws {
        let directory = try temporary.open()
        #expect(try directory.read("settings.json") == nil)
        try directory.write([1, 2, 3], to: "settings.json")
        #expect(try directory.read("settings.json") == [1, 2, 3])
        var status = stat()
        #expect(lstat("\(temporary.path)/settings.json", &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(lstat(temporary.path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        try directory.remove("settings.json")
        #expect(try directory.read("settings.json") == nil)
    }

    @Test func `belongs to one agent at a time`() throws {
        let directory = try temporary.open()
        #expect(throws: StateError.inUse(path: temporary.path)) { try temporary.open() }
        withExtendedLifetime(directory) {}
    }

    @Test func `is refused when others may enter`() throws {
        mkdir(temporary.path, 0o755)
        chmod(temporary.path, 0o755)
        #expect(throws: StateError.tooOpen(path: temporary.path)) { try temporary.open() }
    }

    @Test func `is refused when it is a link`() throws {
        let link = temporary.path + "-link"
        symlink("/tmp", link)
        defer { unlink(link) }
        #expect(throws: StateError.wrongKind(path: link)) { try StateDirectory(link) }
    }

    @Test func `refuses a file that others may read, and one that is a link`() throws {
        let directory = try temporary.open()
        try directory.write([1], to: "device.key")
        chmod("\(temporary.path)/device.key", 0o640)
        #expect(throws: StateError.tooOpen(path: "\(temporary.path)/device.key")) { try directory.read("device.key") }
        unlink("\(temporary.path)/device.key")
        symlink("/etc/hostname", "\(temporary.path)/device.key")
        #expect(throws: StateError.wrongKind(path: "\(temporary.path)/device.key")) { try directory.read("device.key") }
    }

    @Test func `keeps one device key`() throws {
        let directory = try temporary.open()
        let store = FileDeviceKeyStore(in: directory, randomness: .system)
        let key = try store.deviceKey()
        #expect(try store.deviceKey().publicKey == key.publicKey)
        let wireGuardKey = try WireGuardKeyFile.key(in: directory, randomness: .system)
        #expect(try WireGuardKeyFile.key(in: directory, randomness: .system).publicKey == wireGuardKey.publicKey)
    }

    @Test(arguments: ["", "\n", "AAAA\n", String(repeating: "A", count: 43), String(repeating: "=", count: 43) + "\n"])
    func `refuses a corrupted key`(_ text: String) throws {
        let directory = try temporary.open()
        try directory.write(Array(text.utf8), to: "device.key")
        #expect(throws: StateError.corrupted(path: "\(temporary.path)/device.key", member: "key")) {
            try FileDeviceKeyStore(in: directory, randomness: .system).deviceKey()
        }
    }

    @Test(arguments: [
        ("settings.json", "{", "JSON"), ("settings.json", "{}", "up"),
        ("settings.json", #"{"up":true,"listen_port":0}"#, "listen_port"),
        ("settings.json", #"{"up":true,"listen_port":5,"server":"http://a.example"}"#, "server"),
        ("session.json", #"{"server":"https://a","session":"x"}"#, "session"),
        ("session.json", #"{"server":"ftp://a","session":"x"}"#, "server"),
        ("control-keys.json", #"{"https://a":[]}"#, "https://a"), ("control-keys.json", #"{"x y":[]}"#, "server"),
        ("control-keys.json", #"{"https://a":[{"kty":"RSA"}]}"#, "JSON"),
    ])
    func `refuses a corrupted record`(_ file: String, _ content: String, _ member: String) throws {
        let directory = try temporary.open()
        try directory.write(Array(content.utf8), to: file)
        #expect(throws: StateError.corrupted(path: "\(temporary.path)/\(file)", member: member)) {
            try AgentState(in: directory, randomness: .system)
        }
    }

    @Test func `remembers session, settings and keys`() throws {
        let server = try #require(ServerURL("https://ztna.example.com"))
        let session = SessionRecord(
            server: server, session: try Documents.id(1), refreshToken: "r", expiresAt: 9, attempt: "a")
        let key = try Ed25519PrivateKey(from: .system).publicKey
        let port: UInt16
        do {
            var state = try AgentState(in: temporary.open(), randomness: .system)
            try state.setSession(session)
            try state.pin([key], of: server)
            port = state.settings.listenPort
        }
        let state = try AgentState(in: temporary.open(), randomness: .system)
        #expect(state.session == session && state.settings.listenPort == port)
        #expect(Array(state.controlKeys.keys(of: server).values) == [key])
    }

    @Test func `is refused on another machine`() throws {
        let directory = try temporary.open()
        try MachineIdentity.confirm(nil, in: directory)
        try MachineIdentity.confirm("one", in: directory)
        try MachineIdentity.confirm("one", in: directory)
        for other in ["two", nil] {
            #expect(throws: StateError.copied(path: temporary.path)) {
                try MachineIdentity.confirm(other, in: directory)
            }
        }
    }
}

@Suite struct `Small values of the agent` {
    @Test(arguments: [
        ("ztna.example.com", "https://ztna.example.com"),
        ("HTTPS://ZTNA.Example.com:8443/", "https://ztna.example.com:8443"),
        ("https://A.example:8443//", "https://a.example:8443"), ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://localhost:8080/", "http://localhost:8080"), ("http://[::1]:80", "http://[::1]:80"),
    ])
    func `name a server in one way`(_ given: String, _ text: String) { #expect(ServerURL(given)?.text == text) }

    @Test(arguments: [
        "", "http://a.example", "http://localhost.evil.example", "ftp://a", "https://", "https://u@a", "https://a?b",
        "https://a/b", "https://a//b/",
        "https://a#b", "https://a b", "https://\u{7}", "http://[::1].evil", "http://127.0.0.1.evil.example",
        "http://127.evil",
        "http://127.1", "http://128.0.0.1",
    ])
    func `refuse what is no server`(_ given: String) { #expect(ServerURL(given) == nil) }

    @Test(arguments: [
        (
            "your account is switched off here; ask your administrator",
            "Your account is switched off here; ask your administrator."
        ),
        ("not-recent: the provider did not ask", "not-recent: the provider did not ask."),
        ("", "The sign-in was denied."),
    ])
    func `tell who refused a sign-in in the server's words`(_ words: String, _ message: String) {
        let told = ControlError.refused(status: 400, name: "access_denied", description: words, retryAfter: nil).local
        #expect(told.name == .accessDenied && told.message == message)
        #expect(told.remedy.isEmpty == !words.isEmpty)
    }

    @Test func `wait longer after each failure, never endlessly, never all at once`() {
        var waits: [Duration] = []
        var backoff = Backoff()
        for _ in 0..<12 { waits.append(backoff.next(from: .system)) }
        for (index, wait) in waits.enumerated() {
            let full = min(500 << index, 30_000)
            #expect(wait >= .milliseconds(full / 2) && wait <= .milliseconds(full))
        }
        #expect(backoff.next(from: .system, atLeast: 40) == .seconds(40))
        #expect(backoff.next(from: .system, atLeast: Int.max) == .seconds(3600))
        backoff.reset()
        #expect(backoff.next(from: .system) <= .milliseconds(500))
    }

    /// Else all agents of a server that was away for a moment come back at the same one.
    @Test func `wait differently by chance, from half of the whole wait up to all of it`() {
        func waits(_ byte: UInt8) -> [Duration] {
            var backoff = Backoff()
            let randomness = Randomness { count in [UInt8](repeating: byte, count: count) }
            return (0..<9).map { _ in backoff.next(from: randomness) }
        }
        let whole = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
        #expect(waits(0) == whole.map { .milliseconds($0 / 2) })
        for (one, other) in zip(waits(0), waits(0x35)) { #expect(one < other) }
        for (index, whole) in whole.enumerated() {
            let half = UInt32(whole / 2)
            var seen: Set<Bool> = []
            for _ in 0..<200 {
                var backoff = Backoff()
                for _ in 0..<index { _ = backoff.next(from: .system) }
                let wait = backoff.next(from: .system)
                #expect(wait >= .milliseconds(Int(half)) && wait <= .milliseconds(whole))
                seen.insert(wait < .milliseconds(whole * 3 / 4))
            }
            #expect(seen == [true, false])
        }
    }

    @Test func `cut a stream at its line feeds, wherever it was cut before`() throws {
        let bytes = Array("one\n\ntwo\nthr".utf8)
        for cut in 0...bytes.count {
            var splitter = LineSplitter(maximumBytes: 8)
            let lines = try splitter.split(Array(bytes[..<cut])) + splitter.split(Array(bytes[cut...]))
            #expect(lines == [Array("one".utf8), Array("two".utf8)])
        }
        var splitter = LineSplitter(maximumBytes: 8)
        #expect(throws: ControlError.self) { try splitter.split(Array("123456789".utf8)) }
    }

    @Test func `prefer the candidate on a network of ours`() throws {
        let locals = try [
            ("192.0.2.7", 24, "eth0"), ("100.64.0.1", 10, "ztna0"), ("127.0.0.1", 8, "lo"), ("fe80::1", 64, "eth0"),
        ]
        .map { EndpointChoice.Local(address: try #require(IPAddress($0.0)), length: $0.1, interface: $0.2) }
        func endpoint(_ texts: String...) throws -> String? {
            let candidates = try texts.map { try #require(Endpoint($0)) }
            return EndpointChoice.endpoint(among: candidates, locals: locals, overlay: "ztna0")?.description
        }
        #expect(try endpoint("198.51.100.1:1", "192.0.2.9:2") == "192.0.2.9:2")
        #expect(try endpoint("198.51.100.1:1", "100.64.0.9:2") == "198.51.100.1:1")
        #expect(try endpoint() == nil)
        // A peer says what it likes.
        let none = [
            "127.0.0.1:53", "169.254.1.1:1", "0.0.0.0:1", "224.0.0.251:5353", "255.255.255.255:9", "[::1]:1", "[::]:1",
            "[fe80::1]:1", "[ff02::fb]:5353", "[::ffff:127.0.0.1]:53",
        ]
        for text in none { #expect(try endpoint(text, "198.51.100.1:1") == "198.51.100.1:1") }
        let tunnelled = try #require(Endpoint("100.64.0.9:1"))
        let mesh = try #require(IPPrefix("100.64.0.0/10"))
        #expect(EndpointChoice.endpoint(among: [tunnelled], locals: [], overlay: "ztna0", networks: [mesh]) == nil)
        let own = EndpointChoice.candidates(locals: locals, port: 9, overlay: "ztna0")
        #expect(own.map(\.description) == ["192.0.2.7:9"])
    }
}
