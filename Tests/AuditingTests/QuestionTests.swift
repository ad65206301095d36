import Audit
import Auditing
import Store
import StoreSQLite
import StrictJSON
import Testing

@Suite struct `A question to the audit log` {
    private static func sequences(_ answer: JSON) -> [Int] {
        (answer.objectValue?["records"]?.arrayValue ?? []).compactMap { $0.objectValue?["sequence"]?.integerValue }
    }

    private func ask(_ fixture: Fixture, _ members: [String: JSON]) async throws -> JSON {
        try await fixture.log.list(JSONMembers(.object(members)))
    }

    @Test(
        arguments: [
            ([:], [21, 22, 23, 24, 25, 26, 27, 28, 29, 30], 30, true), (["limit": 100], Array(1...30), 30, false),
            (["after": 0], Array(1...10), 10, true), (["after": 25], Array(26...30), 30, false),
            (["after": 30], [], 30, false), (["after": 99], [], 99, false),
            (["host": "host-2", "limit": 4], [21, 24, 27, 30], 30, true),
            (["host": "host-2", "after": 20], [21, 24, 27, 30], 30, false),
            (["user": "p0", "action": "action-4"], [5], 30, false), (["stream": "connection"], [], 30, false),
            (["outcome": "deny", "after": 3], [], 30, false),
            (["outcome": "success", "after": 28], [29, 30], 30, false),
            (["since": .integer(Fixture.now + 27)], [28, 29, 30], 30, false),
            (["until": .integer(Fixture.now + 1), "after": 0], [1, 2], 30, false), (["rule": "x"], [], 30, false),
        ] as [([String: JSON], [Int], Int, Bool)])
    func `is answered by its filters, its place and its limit`(
        _ members: [String: JSON], _ expected: [Int], _ last: Int, _ isMore: Bool
    ) async throws {
        let fixture = try await Fixture()
        try await fixture.log.store((0..<30).map { fixture.event($0) })
        var request = members
        request["command"] = "audit-list"
        if request["limit"] == nil { request["limit"] = 10 }
        let answer = try await ask(fixture, request)
        #expect(Self.sequences(answer) == expected)
        #expect(answer.objectValue?["last"] == .integer(last))
        #expect(answer.objectValue?["more"] == .bool(isMore))
    }

    @Test(
        arguments: [
            ["colour": "red"], ["stream": "x"], ["outcome": "x"], ["since": "yesterday"], ["after": "1"], ["user": 1],
            ["limit": "many"],
        ] as [[String: JSON]])
    func `that is none is told what it may be`(_ members: [String: JSON]) async throws {
        let fixture = try await Fixture()
        await #expect(throws: AuditQuestionFailure.self) { try await ask(fixture, members) }
    }

    @Test func `never has a larger answer than fits a line`() async throws {
        let fixture = try await Fixture(queueLimit: 1)
        var event = fixture.event(1)
        event.reason = String(repeating: "x", count: 2000)
        try await fixture.log.store((0..<900).map { [event] _ in event })
        let answer = try await ask(fixture, ["after": 0, "limit": 100_000])
        #expect(answer.encoded().count < 900_000)
        let last = try #require(answer.objectValue?["last"]?.integerValue)
        #expect(Self.sequences(answer) == Array(1...last))
        #expect((200..<500).contains(last))
        #expect(answer.objectValue?["more"] == true)
        let newest = try await ask(fixture, ["limit": 500])
        #expect(Self.sequences(newest).last == 900)
        #expect(Self.sequences(newest).count == last)
    }

    @Test func `waits for what comes, and no longer than it says`() async throws {
        let fixture = try await Fixture()
        let waiting = Task { try await ask(fixture, ["after": 0, "wait": 25]) }
        // Whether it asked before or after: it gets the record.
        try await fixture.log.store([fixture.event(1)])
        #expect(try await Self.sequences(waiting.value) == [1])
        // The fixture's sleeps take no time, so this one ends at once.
        #expect(try await Self.sequences(ask(fixture, ["after": 1, "wait": 25])) == [])
        #expect(try await Self.sequences(ask(fixture, ["after": 1, "wait": 0])) == [])
    }
}
