import CommandLineClient
import Glibc
import LocalSocket
import StrictJSON
import Synchronization
import Wire

/// What speaks instead of an agent: a real socket, and a script.
struct FakeAgent {
    /// Answers one connection: the request, a way to send, and a way to hear further lines.
    typealias Script =
        @Sendable (_ request: JSON, _ send: (JSON) async throws -> Void, _ hear: () async throws -> JSON?) async throws
        -> Void

    let path: String
    private let server: LocalSocketServer

    init(permits: Bool = true, _ script: @escaping Script) throws {
        path = "/tmp/ztna-cli-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
        server = try LocalSocketServer(path: path, allow: { _ in permits }) { request, _, responder in
            try await script(request, { try await responder.send($0) }) {
                try await responder.nextLine(timeout: .seconds(30))
            }
        }
    }

    /// Answers each command with one event.
    init(answers: [String: JSON]) throws {
        try self.init { request, send, _ in
            guard let name = request.objectValue?["command"]?.stringValue, let answer = answers[name] else { return }
            try await send(answer)
        }
    }

    func stop() { server.stop() }

    static func result(_ members: JSON) -> JSON {
        var all = members.objectValue ?? [:]
        all["event"] = "result"
        return .object(all)
    }

    static func error(_ name: LocalErrorName) -> JSON {
        ["event": "error", "error": .string(name.rawValue), "message": "What happened.", "remedy": "What to do."]
    }

    static let person: JSON = [
        "server": "https://ztna.example.com", "device": "thumb", "words": ["acorn", "actor"],
        "person": "alice@example.com", "name": "Alice Example", "email": "alice@example.com", "provider": "corp",
        "groups": ["engineering", "staff"], "tags": [], "node": "n1", "host": "laptop",
        "addresses": ["100.64.0.1", "fd7a::1"], "amr": ["pwd", "otp"], "auth_time": 1_795_247_940,
        "mfa_at": 1_795_247_940, "session": "s1", "session_expires_at": 1_797_840_000,
        "authorization_expires_at": 1_795_251_600,
    ]

    static let status: JSON = [
        "version": "0.1.0", "state": "connected", "server": "https://ztna.example.com", "device": "thumb",
        "words": ["acorn", "actor"], "host": "laptop", "addresses": ["100.64.0.1", "fd7a::1"],
        "person": "Alice Example <alice@example.com>", "session_expires_at": 1_797_840_000,
        "authorization_expires_at": 1_795_251_600, "peers": 2, "policy_revision": "7f3a", "enforcing": true,
        "checked_at": 1_795_247_995, "interface": "ztna0", "tunnel": "up", "control": "connected",
        "control_since": 1_795_247_400,
    ]

    static let code: JSON = [
        "event": "code", "verification_uri": "https://ztna.example.com/device",
        "verification_uri_complete": "https://ztna.example.com/device?user_code=BCDF-GHJK",
        "verification_uri_local": "https://ztna.example.com/device?user_code=BCDF-GHJK&local=secret",
        "user_code": "BCDF-GHJK", "number": "42", "expires_in": 600, "words": ["acorn", "actor"],
    ]

    static let signedIn: JSON = [
        "event": "signed-in", "person": "Alice Example <alice@example.com>", "session_expires_at": 1_797_840_000,
    ]
}

/// Keeps what a command printed.
final class Recorder: Sendable {
    private let texts = Mutex((out: "", error: ""))
    private let (written, write) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    var output: String { texts.withLock { $0.out } }
    var errors: String { texts.withLock { $0.error } }

    func console(json: Bool = false, style: TextStyle = TextStyle(), showsProgress: Bool = false) -> Console {
        Console(
            write: { text in self.texts.withLock { $0.out += text } },
            writeError: { text in
                self.texts.withLock { $0.error += text }
                self.write.yield()
            }, style: style,
            showsProgress: showsProgress, json: json, time: { TimeText(now: 1_795_248_000) })
    }

    /// Returns once stderr holds `text`; one may wait.
    func showsError(_ text: String) async {
        if errors.contains(text) { return }
        for await _ in written { if errors.contains(text) { return } }
    }

    /// Stdout as JSON, a value a line.
    var lines: [JSON] {
        get throws { try output.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) } }
    }
}
