import CommandLineClient
import Glibc
import StrictJSON
import Testing
import Wire

/// What Docs/CLI.md promises of the program itself.
@Suite struct `What is documented of ztna` {
    private static let document: String = {
        let here = #filePath
        let repository = here[..<(here.firstRange(of: "/Tests/")?.lowerBound ?? here.endIndex)]
        return text(of: repository + "/Docs/CLI.md")
    }()

    private static func text(of path: some StringProtocol) -> String {
        guard let stream = fopen(String(path), "r") else { return "" }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    @Test func `are all exit codes, each with its meaning`() throws {
        let rows = Self.document.matches(of: /\n\| (\d+) \| (.*) \|/).map { (Int32($0.output.1), String($0.output.2)) }
        #expect(rows.map(\.0) == CommandOutcome.allCases.map(\.rawValue))
        for ((_, words), outcome) in zip(rows, CommandOutcome.allCases) {
            // The document may add, in brackets, which commands end so.
            #expect(words.replacing("`", with: "").hasPrefix(outcome.meaning), "\(words)")
        }
    }

    private static let agentVersion = "9.8.7"

    @Test(
        arguments: [
            (["up"], FakeAgent.result(["state": "connected"]), CommandOutcome.ok, "On. State: connected\n"),
            (["down"], FakeAgent.result(["state": "down"]), .ok, "Off, until: ztna up. State: down\n"),
            (["up"], FakeAgent.error(.notPermitted), .notPermitted, nil),
            (["down"], FakeAgent.error(.notPermitted), .notPermitted, nil),
            (["version"], FakeAgent.result(["version": .string(agentVersion)]), .ok, nil),
        ] as [([String], JSON, CommandOutcome, String?)])
    func `of up, down and version is one object with --json, and lines without`(
        _ words: [String], _ answer: JSON, _ outcome: CommandOutcome, _ lines: String?
    ) async throws {
        let agent = try FakeAgent(answers: [try #require(words.first): answer])
        defer { agent.stop() }
        let ended = try await `The program ztna`.run(words + ["--json"], socket: agent.path)
        #expect(ended.status == outcome.rawValue && ended.errors == "", "\(ended.errors)")
        #expect(ended.output.split(separator: "\n").count == 1)
        let members = try JSONMembers(parsing: Array(ended.output.utf8)).members
        switch words {
        case ["version"]:
            #expect(members == ["version": .string(ProgramVersion.current), "agent": .string(Self.agentVersion)])
        case _ where outcome == .ok:
            #expect(members == ["state": try #require(answer.objectValue?["state"])])
        default:
            #expect(Set(members.keys) == ["error", "message", "remedy"] && members["error"] == "not-permitted")
        }
        let plain = try await `The program ztna`.run(words, socket: agent.path)
        #expect(plain.status == outcome.rawValue)
        if let lines { #expect(plain.output == lines) }
    }

    @Test func `of version is its own without an agent`() async throws {
        let ended = try await `The program ztna`.run(["version", "--json"], socket: "/tmp/ztna-no-such.sock")
        #expect(ended.status == 0)
        #expect(try JSON(parsing: Array(ended.output.utf8)) == ["version": .string(ProgramVersion.current)])
    }

    @Test func `of login --qr is the page's whole address, to be scanned`() async throws {
        let agent = try FakeAgent { request, send, _ in
            guard request.objectValue?["command"]?.stringValue == "login" else {
                return try await send(FakeAgent.result(FakeAgent.status))
            }
            try await send(FakeAgent.code)
            try await send(FakeAgent.result(FakeAgent.person))
        }
        defer { agent.stop() }
        let code = try #require(QRCode("https://ztna.example.com/device?user_code=BCDF-GHJK"))
        let picture = code.lines(style: TextStyle()).joined(separator: "\n")
        let words = ["login", "--no-browser", "--server", "https://ztna.example.com"]
        for qr in [true, false] {
            let ended = try await `The program ztna`.run(words + (qr ? ["--qr"] : []), socket: agent.path)
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(ended.output.contains(picture) == qr, "\(ended.output)")
            #expect(ended.output.contains("https://ztna.example.com/device"))
        }
    }
}
