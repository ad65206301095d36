import CommandLineClient
import StrictJSON
import Synchronization
import Testing
import Wire

@Suite struct `A question to the server` {
    private static func answering(_ answer: JSON) -> [String: JSON] {
        let event = FakeAgent.result(["answer": answer])
        return ["why": event, "admin": event]
    }

    private func run(
        _ answers: [String: JSON], json: Bool = false, style: TextStyle = TextStyle(),
        _ command: (ServerQuestions) async -> CommandOutcome
    ) async throws -> (CommandOutcome, Recorder) {
        let agent = try FakeAgent(answers: answers)
        defer { agent.stop() }
        let recorder = Recorder()
        let questions = ServerQuestions(socket: agent.path, console: recorder.console(json: json, style: style))
        return (await command(questions), recorder)
    }

    private static let refused: JSON = [
        "allowed": false, "source": ["person": "alice@example.com", "host": "laptop"],
        "destination": ["host": "db-1\u{1B}[2J"], "service": "tcp/5432", "step_up": true,
        "near": [["rule": "dba-to-db", "reason": "MFA within 1h is needed", "remedy": "Run `ztna login --step-up`."]],
    ]

    @Test func `why not, says what is missing and what to do, and ends with its own code`() async throws {
        let place = try #require(PlaceArgument("db-1:5432"))
        let (status, recorder) = try await run(Self.answering(Self.refused)) { await $0.why(place) }
        #expect(status == .notAllowed)
        #expect(
            recorder.output.hasPrefix(
                "No: alice@example.com on laptop may not reach db-1\\u{1b}[2J on tcp/5432.\n"))
        for text in [
            "  dba-to-db: MFA within 1h is needed\n    Run `ztna login --step-up`.",
            "A step-up cures this: ztna login --step-up",
        ] { #expect(recorder.output.contains(text)) }
        let (_, json) = try await run(Self.answering(Self.refused), json: true) { await $0.why(place) }
        #expect(try json.lines == [Self.refused])
        #expect(!json.output.contains("\u{1B}"))
    }

    @Test func `why, shows the chain to the rule and until when`() async throws {
        let answer: JSON = [
            "allowed": true, "source": ["person": "alice@example.com", "host": "laptop"],
            "destination": ["host": "db-1"], "rule": "dba-to-db",
            "chain": [["group": "dba", "source": "scim"], "rule dba-to-db"], "ends_at": 1_795_251_600,
            "grants": [["service": "tcp/5432", "rule": "dba-to-db", "ends_at": 1_795_251_600]],
        ]
        let (status, recorder) = try await run(Self.answering(answer)) { await $0.why(PlaceArgument("db-1")!) }
        #expect(status == .ok)
        #expect(
            recorder.output == """
                Yes: alice@example.com on laptop may reach db-1.

                  Rule      dba-to-db
                  Because   dba (scim) → rule dba-to-db
                  Until     09:00 (in 60 min)

                SERVICE   RULE       UNTIL
                tcp/5432  dba-to-db  09:00 (in 60 min)

                """)
    }

    @Test(
        arguments: [
            (.notAdministrator, .notAdministrator), (.stepUpNeeded, .stepUpNeeded), (.commandRefused, .failed),
            (.signedOut, .notSignedIn), (.unreachable, .failed),
        ] as [(LocalErrorName, CommandOutcome)])
    func `that is refused ends with the code of its reason`(
        _ error: LocalErrorName, _ expected: CommandOutcome
    ) async throws {
        let (status, recorder) = try await run(["admin": FakeAgent.error(error)]) {
            await $0.administer("nodes-list") { _, _, _ in [] }
        }
        #expect(status == expected && recorder.errors.contains("What happened.\nWhat to do."))
    }

    @Test func `may be longer than a line, both ways`() async throws {
        let long = String(repeating: "é\"\\ policy\n", count: 30_000)
        let heard = Mutex("")
        let agent = try FakeAgent { request, send, hear in
            let parts = try #require(request.objectValue?["request_parts"]?.integerValue)
            var text = ""
            for _ in 0..<parts { text += try await hear()?.objectValue?["part"]?.stringValue ?? "" }
            heard.withLock { [text] in $0 = text }
            let answer = JSON.string(long).encodedText()
            let cut = answer.unicodeScalars.index(answer.unicodeScalars.startIndex, offsetBy: 100_000)
            try await send(["event": "part", "text": .string(String(answer.unicodeScalars[..<cut]))])
            try await send(["event": "part", "text": .string(String(answer.unicodeScalars[cut...]))])
            try await send(FakeAgent.result(["parts": 2]))
        }
        defer { agent.stop() }
        let recorder = Recorder()
        let questions = ServerQuestions(socket: agent.path, console: recorder.console())
        let status = await questions.administer("what-if", ["policy": .string(long)]) { answer, _, _ in
            [answer == .string(long) ? "whole" : "not whole"]
        }
        #expect(status == .ok && recorder.output == "whole\n")
        let command = try JSONMembers(parsing: heard.withLock { Array($0.utf8) })
        #expect(try command.string("command") == "what-if" && command.string("policy") == long)
    }

    @Test func `that is too long for the server is not sent`() async throws {
        let (status, recorder) = try await run([:]) {
            await $0.administer("what-if", ["policy": .string(String(repeating: "a", count: 11 << 20))]) { _, _, _ in []
            }
        }
        #expect(status == .usage && recorder.errors.contains("larger than 10 MiB"))
    }

    @Test(
        arguments: [
            ("db", "db", nil), ("db:22", "db", "tcp/22"), ("db:udp/53", "db", "udp/53"), ("db:icmp", "db", "icmp"),
            ("fd7a::1", "fd7a::1", nil), ("[fd7a::1]:22", "fd7a::1", "tcp/22"), ("[fd7a::1]", "fd7a::1", nil),
        ] as [(String, String, String?)])
    func `names a place`(_ text: String, _ host: String, _ service: String?) throws {
        let place = try #require(PlaceArgument(text))
        #expect(place.host == host && place.service == service)
    }

    @Test(arguments: ["", ":22", "db:0", "db:65536", "db:ssh", "db:", "[fd7a::1]22", "db:a b"])
    func `refuses what is no place`(_ text: String) { #expect(PlaceArgument(text) == nil) }

    @Test(
        arguments: [
            ("90s", 999_910), ("7d", 395_200), ("1234567890", 1_234_567_890), ("0", 0), ("", nil), ("-1h", nil),
            ("1w", nil), ("0h", nil), ("9999999999999", nil),
        ] as [(String, Int?)])
    func `reads a moment`(_ text: String, _ moment: Int?) {
        #expect(TimeArgument.since(text, now: 1_000_000) == moment)
    }
}

@Suite struct `An administrator's list` {
    private let time = TimeText(now: 1_795_248_000)

    @Test func `is aligned, leaves out what nobody has, and escapes`() {
        let table = AnswerTable([
            .init("PERSON", "person"), .init("GROUPS", "groups"), .init("UP", "up", .flag), .init("NOTE", "note"),
            .init("UNTIL", "until", .until),
        ])
        let rows: [JSON] = [
            [
                "person": "a\u{202E}b", "groups": [["group": "dba", "sources": ["scim", "local"]]], "up": true,
                "note": .null,
            ],
            ["person": "Bob", "groups": [], "up": false, "until": 1_795_251_600],
        ]
        #expect(
            table.lines(rows, none: "None.", time: time, style: TextStyle()) == [
                "PERSON      GROUPS             UP   UNTIL",
                "a\\u{202e}b  dba (scim, local)  yes  -",
                "Bob         -                  no   09:00 (in 60 min)",
            ])
        #expect(table.lines([], none: "None.", time: time, style: TextStyle()) == ["None."])
    }

    @Test func `of evidence tells verdict, ends, rule and reason`() {
        let attempt: JSON = [
            "time": 1_795_247_995, "stream": "connection", "action": "attempt", "outcome": "deny", "count": 3,
            "source": ["label": "alice@example.com", "host": "laptop", "address": "100.64.0.2"],
            "destination": ["host": "db-1"], "protocol": "tcp", "port": 5432, "rule": "dba-to-db",
            "reason": "MFA within 1h is needed",
        ]
        let command: JSON = [
            "time": 1_795_247_996, "stream": "admin", "action": "nodes-tag", "outcome": "success",
            "actor": ["is": "person", "label": "root\u{1B}@example.com"], "subject": ["is": "node", "label": "db-1"],
        ]
        let lines = AuditText.lines([attempt, command], time: time, style: TextStyle())
        #expect(
            lines == [
                "07:59:55  deny     alice@example.com on laptop to on db-1  tcp/5432  (3 times)",
                "          rule dba-to-db: MFA within 1h is needed",
                "07:59:56  success  nodes-tag by root\\u{1b}@example.com  node db-1",
            ])
    }

    @Test func `of what would change names gains and losses`() {
        let change: JSON = [
            "gained": [], "lost": [["person": "alice@example.com", "destination": "db-1", "services": ["tcp/22"]]],
        ]
        #expect(
            ReachText.change(change, time: time, style: TextStyle()) == [
                "Would be lost:", "  PERSON             DESTINATION  SERVICES",
                "  alice@example.com  db-1         tcp/22",
            ])
        #expect(
            ReachText.change(["gained": [], "lost": []], time: time, style: TextStyle()) == ["Nothing would change."])
    }

    @Test func `of who can reach a host tells the chain, and what keeps them from it now`() {
        let answer: JSON = [
            "destination": ["host": "db-1"], "service": "tcp/22",
            "people": [
                [
                    "person": "alice@example.com", "services": ["tcp/22"], "rule": "dba",
                    "through": ["group staff (policy)", "group dev (scim)"], "now": false,
                    "devices": [["host": "laptop", "now": false, "reason": "signed out"]],
                ]
            ],
        ]
        #expect(
            ReachText.who(answer, time: time, style: TextStyle()) == [
                "db-1 on tcp/22 can be reached by:", "",
                "PERSON             SERVICES  THROUGH                                  RULE  NOW  WHY NOT NOW",
                "alice@example.com  tcp/22    group staff (policy) → group dev (scim)  dba   no   laptop: signed out",
            ])
        #expect(
            ReachText.who(["destination": ["host": "db-1"], "people": []], time: time, style: TextStyle()) == [
                "Nobody can reach db-1."
            ])
    }

    private static let matrix: JSON = [
        "destinations": ["db-1", "=cmd()"],
        "rows": [["group": "dba", "cells": [["tcp/22", "tcp/5432"], []]], ["group": "a,\"b", "cells": []]],
    ]

    @Test func `of all groups is a matrix, and comma-separated values that no spreadsheet runs`() {
        #expect(
            MatrixText.lines(Self.matrix, style: TextStyle()) == [
                "GROUP  db-1             =cmd()", "dba    tcp/22 tcp/5432  ·", "a,\"b   ·                ·",
            ])
        #expect(
            MatrixText.commaSeparated(Self.matrix) == [
                "group,db-1,'=cmd()\r", "dba,tcp/22 tcp/5432,\r", "\"a,\"\"b\",,\r",
            ])
    }
}

@Suite struct `ztna admin audit` {
    private static let never = AsyncStream<Void> { _ in }

    @Test func `follows: asks again after the last record, and prints each once`() async throws {
        let asked = Mutex<[JSON]>([])
        let agent = try FakeAgent { request, send, _ in
            let command = try #require(request.objectValue?["request"])
            let count = asked.withLock { asked in
                asked.append(command)
                return asked.count
            }
            guard count < 4 else { return try await send(FakeAgent.error(.shuttingDown)) }
            let records: [JSON] = count == 2 ? [] : [["sequence": .integer(count)]]
            try await send(
                FakeAgent.result(["answer": ["records": .array(records), "last": .integer(count), "more": false]]))
        }
        defer { agent.stop() }
        let recorder = Recorder()
        let questions = ServerQuestions(socket: agent.path, console: recorder.console(json: true))
        let following = AuditFollowing(questions, filters: ["user": "alice"], follows: true, limit: 10)
        #expect(await following.run(interruptions: Self.never) == .agentNotRunning)
        #expect(try recorder.lines.prefix(2) == [["sequence": 1], ["sequence": 3]])
        let after = asked.withLock { $0.map { $0.objectValue?["after"]?.integerValue } }
        #expect(after == [nil, 1, 2, 3])
        #expect(asked.withLock { $0.allSatisfy { $0.objectValue?["user"] == "alice" } })
    }

    @Test func `interrupted while it follows prints nothing but records`() async throws {
        let (interruptions, interrupt) = AsyncStream.makeStream(of: Void.self)
        let count = Mutex(0)
        let agent = try FakeAgent { _, send, hear in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            guard !isFirst else {
                return try await send(
                    FakeAgent.result(["answer": ["records": [["sequence": 1]], "last": 1, "more": false]]))
            }
            // The server waits for something new.
            interrupt.yield()
            _ = try? await hear()
        }
        defer { agent.stop() }
        let recorder = Recorder()
        let questions = ServerQuestions(socket: agent.path, console: recorder.console(json: true))
        let following = AuditFollowing(questions, filters: [:], follows: true, limit: 10)
        #expect(await following.run(interruptions: interruptions) == .interrupted)
        #expect(try recorder.lines == [["sequence": 1]])
    }

    @Test func `says that there is nothing`() async throws {
        let agent = try FakeAgent(answers: [
            "admin": FakeAgent.result(["answer": ["records": [], "last": 0, "more": false]])
        ])
        defer { agent.stop() }
        let recorder = Recorder()
        let questions = ServerQuestions(socket: agent.path, console: recorder.console())
        let once = AuditFollowing(questions, filters: [:], follows: false, limit: 10)
        #expect(await once.run(interruptions: Self.never) == .ok)
        #expect(recorder.output == "Nothing that fits was recorded.\n")
    }
}

@Suite struct `ztna watch` {
    @Test func `tells each refusal as it comes, escaped, until the agent ends`() async throws {
        let agent = try FakeAgent { _, send, _ in
            try await send([
                "event": "notice", "time": 1_795_247_995, "host": "db", "service": "tcp/22",
                "message": "db\u{1B}[2J (tcp/22) needs a recent sign-in with a second factor.",
                "remedy": "Run: ztna login --step-up",
            ])
        }
        defer { agent.stop() }
        let recorder = Recorder()
        let status = await Watching(socket: agent.path, console: recorder.console()).run(
            interruptions: AsyncStream<Void> { _ in })
        #expect(status == .agentNotRunning)
        #expect(
            recorder.output == """
                07:59:55  db\\u{1b}[2J (tcp/22) needs a recent sign-in with a second factor.
                          Run: ztna login --step-up

                """)
    }
}
