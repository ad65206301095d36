import StrictJSON
import Testing

@testable import Audit

@Suite struct `An audit event` {
    @Test(arguments: Samples.all)
    func `is read back as it was written`(_ event: AuditEvent) throws {
        let bytes = event.json.encoded()
        let read = try AuditEvent(json: JSON(parsing: bytes))
        #expect(read == event)
        #expect(read.json.encoded() == bytes)
    }

    @Test func `has one text for a reader`() {
        #expect(
            Samples.administration.json.encodedText() == """
                {"action":"nodes-tag","actor":{"is":"operator","uid":0},"outcome":"success","revision":"r7",\
                "stream":"admin","subject":{"id":"n1","is":"node","label":"db-1"},"time":1763731841}
                """)
    }

    @Test func `is cut where a name from outside would fill the disk`() throws {
        var event = Samples.signIn
        event.host = String(repeating: "é", count: 10_000)
        let read = try AuditEvent(json: event.json)
        #expect(read.host == String(repeating: "é", count: 1024))
        #expect(AuditText.cut("short") == "short")
    }

    @Test(arguments: [
        "[]", "{}", #"{"time":1,"stream":"x","action":"a","outcome":"success"}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"x"}"#,
        #"{"time":"1","stream":"admin","action":"a","outcome":"success"}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"success","actor":{"is":"x"}}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"success","actor":{"is":"operator"}}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"success","subject":{"is":"x"}}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"success","source":[]}"#,
        #"{"time":1,"stream":"admin","action":"a","outcome":"success","port":"22"}"#,
    ])
    func `is not read from something else`(_ text: String) throws {
        let json = try JSON(parsing: Array(text.utf8))
        #expect(throws: AuditError.unreadable) { try AuditEvent(json: json) }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_763_731_840, "2025-11-21T13:30:40Z"), (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (Int.max, "9999-12-31T23:59:59Z"),
        (Int.min, "0001-01-01T00:00:00Z"),
    ])
    func `has a moment that other programs read`(_ seconds: Int, _ text: String) {
        #expect(RFC3339.text(seconds) == text)
    }

    @Test(arguments: [
        ("user", "p1", [0, 2]), ("user", "alice@example.com", [0, 2]), ("user", "ALICE@example.com", [0, 2]),
        ("user", "bob@example.com", []), ("host", "alice-laptop", [0, 2]), ("host", "db-1", [1, 2]),
        ("host", "100.64.0.1", [2]), ("outcome", "deny", [2]), ("outcome", "refused", [0, 5]),
        ("rule", "dba-to-db", [2]), ("action", "nodes-tag", [1]), ("stream", "admin", [1, 3, 4]),
    ])
    func `is found by who, where, what and how`(_ by: String, _ text: String, _ expected: [Int]) {
        var query = AuditQuery()
        switch by {
        case "user": query.users = [text]
        case "host": query.hosts = [text]
        case "outcome": query.outcome = AuditEvent.Outcome(rawValue: text)
        case "rule": query.rule = text
        case "action": query.action = text
        default: query.stream = AuditEvent.Stream(rawValue: text)
        }
        #expect(Samples.all.indices.filter { Samples.all[$0].answers(query) } == expected)
        query.since = 1_763_731_841
        query.until = 1_763_735_440
        #expect(Samples.all.indices.filter { Samples.all[$0].answers(query) } == expected.filter { 1...2 ~= $0 })
    }
}
