import CommandLineClient
import Dispatch
import Glibc
import StrictJSON
import Testing
import Wire

/// The built program, as a shell runs it.
@Suite struct `The program ztna` {
    struct Ended {
        var status: Int32
        var output: String
        var errors: String
    }

    @Test(arguments: [
        (["status"], CommandOutcome.ok), (["whoami"], .notSignedIn), (["peers", "--json"], .notPermitted),
        (["login"], .refused), (["nonsense"], .usage), (["login", "--server"], .usage), (["version"], .ok),
        (["admin", "nodes"], .notAdministrator), (["why", "db:22"], .notAllowed), (["why", "db:x"], .usage),
        (["admin", "what-can", "dba", "do"], .usage), (["admin", "what-if"], .usage),
        (["login", "--step-up", "--force"], .usage),
        (["admin", "grant", "alice", "tag:db", "tcp/22", "--for", "soon"], .usage),
        (["admin", "audit", "--verdict", "perhaps"], .usage), (["--help"], .ok), (["--version"], .ok),
        (["admin", "audit", "--outcome", "perhaps"], .usage), (["statu"], .usage),
        (["admin", "audit", "--outcome", "refused"], .notAdministrator),
        (["--generate-completion-script", "bash"], .ok),
    ])
    func `ends with the documented code`(_ arguments: [String], _ status: CommandOutcome) async throws {
        let agent = try FakeAgent(answers: [
            "status": FakeAgent.result(FakeAgent.status), "whoami": FakeAgent.error(.signedOut),
            "admin": FakeAgent.error(.notAdministrator), "why": FakeAgent.result(["answer": ["allowed": false]]),
            "peers": FakeAgent.error(.notPermitted), "login": FakeAgent.error(.accessDenied),
        ])
        defer { agent.stop() }
        let ended = try await Self.run(arguments, socket: agent.path)
        #expect(ended.status == status.rawValue)
        #expect(status != .ok || (ended.errors.isEmpty && !ended.output.isEmpty))
    }

    @Test(arguments: [
        ("statu", "Did you mean: status?"), ("logni", "Did you mean: login or logout?"),
        ("peer", "Did you mean: peers?"),
    ])
    func `says which command was meant`(_ word: String, _ answer: String) async throws {
        let ended = try await Self.run([word], socket: "/tmp/ztna-no-such.sock")
        #expect(ended.status == 2 && ended.errors.hasSuffix(answer + "\n"), "\(ended.errors)")
    }

    @Test func `tells its version by an option, too`() async throws {
        let ended = try await Self.run(["--version"], socket: "/tmp/ztna-no-such.sock")
        #expect(ended.output == "ztna \(ProgramVersion.current)\n" && ended.status == 0)
    }

    @Test(arguments: [SIGINT, SIGTERM], [[], ["--json"]])
    func `interrupted, watches no more and says nothing of a failure`(_ signal: Int32, _ words: [String]) async throws {
        let (children, started) = AsyncStream.makeStream(of: pid_t.self)
        let agent = try FakeAgent { _, send, hear in
            try await send([
                "event": "notice", "time": 1_795_247_990, "message": "db-1 needs a second factor.",
                "remedy": "Run: ztna login --step-up", "host": "db-1", "service": "tcp/22",
            ])
            for await child in children {
                kill(child, signal)
                break
            }
            _ = try? await hear()
        }
        defer { agent.stop() }
        let ended = try await Self.run(["watch"] + words, socket: agent.path) { started.yield($0) }
        #expect(ended.status == 130)
        #expect(!ended.errors.contains("Error"), "\(ended.errors)")
        #expect(words.isEmpty == ended.errors.hasPrefix("Watching for refusals"), "\(ended.errors)")
        // It may have been interrupted before it had read the notice.
        #expect(ended.output.isEmpty || ended.output.contains("db-1 needs a second factor."), "\(ended.output)")
    }

    @Test func `says that no agent runs`() async throws {
        let ended = try await Self.run(["status"], socket: "/tmp/ztna-no-such.sock")
        #expect(ended.status == 3)
        #expect(ended.errors.contains("ztna-agent is not running"))
    }

    @Test(arguments: [SIGINT, SIGTERM]) func `interrupted, changes nothing`(_ signal: Int32) async throws {
        let (children, started) = AsyncStream.makeStream(of: pid_t.self)
        let (gone, agentSawEnd) = AsyncStream.makeStream(of: Void.self)
        let agent = try FakeAgent { _, send, hear in
            try await send(FakeAgent.code)
            for await child in children {
                kill(child, signal)
                break
            }
            _ = try? await hear()
            agentSawEnd.finish()
        }
        defer { agent.stop() }
        let ended = try await Self.run(["login"], socket: agent.path) { started.yield($0) }
        #expect(ended.status == 130)
        #expect(ended.errors.hasSuffix("Error: Interrupted. Nothing was changed.\n"))
        for await _ in gone {}
    }

    /// Files take the output, so that no pipe fills; a thread of its own waits. `program`: another one.
    static func run(
        _ arguments: [String], socket: String, program other: String? = nil, started: (pid_t) -> Void = { _ in }
    ) async throws -> Ended {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        let path = own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/ztna"
        let files = ["out", "err"].map { "/tmp/ztna-run-\(UInt64.random(in: 0 ... .max)).\($0)" }
        defer { for file in files { unlink(file) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (index, file) in files.enumerated() {
            posix_spawn_file_actions_addopen(&actions, Int32(index + 1), file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        }
        let program = other ?? String(path)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        let environment = ["ZTNA_AGENT_SOCKET=\(socket)", "PATH=/usr/bin:/bin"]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let spawned = posix_spawn(&child, program, &actions, nil, &words, &variables)
        try #require(spawned == 0)
        started(child)
        let number = child
        let status = await withCheckedContinuation { (ended: CheckedContinuation<Int32, Never>) in
            DispatchQueue(label: "ztna.tests.wait").async {
                var status: Int32 = 0
                while waitpid(number, &status, 0) < 0, errno == EINTR {}
                ended.resume(returning: status)
            }
        }
        let texts = files.map { file in
            guard let stream = fopen(file, "r") else { return "" }
            defer { fclose(stream) }
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = fread(&bytes, 1, bytes.count, stream)
            return String(decoding: bytes.prefix(count), as: UTF8.self)
        }
        return Ended(status: status & 0x7F == 0 ? status >> 8 : -(status & 0x7F), output: texts[0], errors: texts[1])
    }
}
