import Audit
import StrictJSON
import Testing

@Suite struct `Made-up names` {
    @Test func `hide every name of a person, device, host and address`() throws {
        let names = try Samples.pseudonyms()
        let secret = [
            "alice", "bob", "p1", "p2", "d1", "d2", "n1", "n2", "s1", "db-1", "laptop", "192.0.2.7", "100.64",
            "example.com",
        ]
        for event in Samples.all {
            let text = names.hide(event).json.encodedText().lowercased()
            for word in secret {
                #expect(!text.replacing("dba-to-db", with: "").contains("\"\(word)\""), "\(word) in \(text)")
                if word.count > 3 { #expect(!text.contains(word), "\(word) in \(text)") }
            }
        }
    }

    @Test func `are the same for the same, and others for others`() throws {
        let names = try Samples.pseudonyms()
        let (signIn, attempt) = (names.hide(Samples.signIn), names.hide(Samples.connection))
        guard case .person(let id, let label)? = signIn.actor else {
            Issue.record("the actor is lost")
            return
        }
        #expect(id == attempt.source?.person)
        #expect(label == attempt.source?.label)
        #expect(id != attempt.destination?.person)
        #expect(signIn.host == attempt.source?.host)
        #expect(attempt.host == attempt.destination?.host)
        #expect(try names.hide(Samples.signIn) == Samples.pseudonyms().hide(Samples.signIn))
        #expect(try names.person("p1") != Samples.pseudonyms(8).person("p1"))
        #expect(names.person("x") != names.host("x"))
        #expect(attempt.reason?.contains("has no MFA within the last hour") == true)
        #expect(attempt.rule == "dba-to-db")
    }

    /// What commands, policies and providers say in words names more people than the record does.
    @Test(arguments: [
        ("nobody active has the address Mallory@Example.com: try again", ["mallory", "example"]),
        ("destination user:bob@example.com, reason for \"carol@x.org\"", ["bob", "carol", "x.org"]),
        ("a@b.de,c@d.de(e@f.de)", ["a@", "c@", "e@"]), ("rule r is only for device:db-9, tag:prod", ["db-9"]),
        ("from 192.0.2.7:443, 198.51.100.0/24 or [2001:db8::1]", ["192.0", "198.51", "2001"]),
        ("ALICE@example.com is no administrator", ["alice"]), ("DB-1 and db-1.", ["db-1"]),
    ])
    func `stand for names in words, too`(_ reason: String, _ secrets: [String]) throws {
        let names = try Samples.pseudonyms()
        var event = Samples.connection
        event.reason = reason
        let hidden = try #require(names.hide(event).reason)
        for secret in secrets { #expect(!hidden.lowercased().contains(secret), "\(hidden)") }
    }

    @Test func `leave other words alone, and are themselves no words to look in`() throws {
        let names = try Samples.pseudonyms()
        var event = Samples.administration
        event.reason = "Rule dba-to-db would: MFA within 1h is needed at 08:00, tcp/22. for group:dba on tag:db"
        #expect(names.hide(event).reason == event.reason)
        // Whoever may choose a name may choose one that is a letter of every pseudonym.
        event.actor = .person(id: "e", label: "o")
        event.subject = AuditSubject(.node, id: "n", label: "s")
        event.host = "r"
        event.reason = String(repeating: "e", count: 100_000)
        #expect(try #require(names.hide(event).reason).utf8.count < 60_000)
    }

    @Test func `can be asked for by the name, in old records too`() throws {
        let names = try Samples.pseudonyms()
        var query = AuditQuery()
        query.users = ["alice@example.com"]
        query.hosts = ["DB-1"]
        query = query.asked(of: names)
        #expect(names.hide(Samples.connection).answers(query))
        #expect(Samples.connection.answers(query))
        #expect(!names.hide(Samples.signIn).answers(query))
        query.hosts = ["100.64.0.1"]
        #expect(names.hide(Samples.connection).answers(query.asked(of: names)))
    }

    @Test(arguments: [0, 31, 33])
    func `need a key of 32 bytes`(_ count: Int) {
        var key = [UInt8](repeating: 0, count: count)
        #expect(throws: AuditError.invalidKey) { try Pseudonyms(taking: &key) }
    }
}
