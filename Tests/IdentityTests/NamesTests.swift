import Identity
import Testing

@Suite struct `Names` {
    @Test(
        arguments: [
            ("a", "a"), ("Alice-Laptop", "alice-laptop"), ("0", "0"), (String(repeating: "a", count: 63), nil),
            ("", ""),
            ("-a", ""), ("a-", ""), ("a.b", ""), ("a_b", ""), ("é", ""), ("\u{212A}", ""), ("a\0", ""),
            (String(repeating: "a", count: 64), ""),
        ] as [(String, String?)])
    func `of hosts are one label`(_ text: String, _ expected: String?) {
        #expect(HostName(text)?.text ?? "" == expected ?? text)
    }

    @Test(
        arguments: [
            ("Alice's MacBook.local", "alice-s-macbook"), ("--x--", "x"), ("..a.b", "a"), ("", nil), ("---", nil),
            ("é", nil),
            ("a\n", nil), ("a\u{7F}", nil),
            (String(repeating: "x", count: 62) + "é.y", String(repeating: "x", count: 62)),
            (String(repeating: "y", count: 200), String(repeating: "y", count: 63)),
        ] as [(String, String?)])
    func `of hosts come near what a system calls itself`(_ text: String, _ expected: String?) {
        #expect(HostName(nearest: text)?.text == expected)
    }

    @Test(arguments: [
        ("Alice@Example.COM", "alice@example.com", "example.com"), ("a+b@x.y", "a+b@x.y", "x.y"),
        ("José@example.com", "josé@example.com", "example.com"), ("ÉVA@example.com", "éva@example.com", "example.com"),
    ])
    func `of people by e-mail compare without case`(_ text: String, _ address: String, _ domain: String) {
        #expect(EmailAddress(text)?.text == address)
        #expect(EmailAddress(text)?.domain == domain)
    }

    @Test(arguments: [
        "", "@", "a@", "@x.y", "a@b", "a@b@x.y", "a@\u{301}b@x.y", "a b@x.y", "a@x .y", "a@x..y", "a@-x.y", "a@x.y.",
        "a\0@x.y",
        "a\n@x.y", "a\u{A0}@x.y", "a\u{200B}@x.y", "a\u{202E}@x.y", "\u{212A}ate@example.com", "a@\u{212A}ate.example",
        "İ@example.com", "a@exämple.com", String(repeating: "a", count: 243) + "@example.com",
    ])
    func `of people by e-mail are nothing else`(_ text: String) { #expect(EmailAddress(text) == nil) }

    @Test(arguments: [("Example.COM", "example.com"), ("a.b", "a.b"), ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com")])
    func `of domains are in lower case`(_ text: String, _ domain: String) { #expect(DomainName(text)?.text == domain) }

    @Test(arguments: [
        "", "localhost", ".com", "a.", "a..b", "a b.c", "\u{212A}.com", String(repeating: "a.", count: 127) + "a",
    ])
    func `of domains are nothing else`(_ text: String) { #expect(DomainName(text) == nil) }

    @Test func `of people by e-mail are compared byte for byte`() {
        let names = ["jos\u{E9}@example.com", "jose\u{301}@example.com", "a;b@example.com", "a\u{37E}b@example.com"]
        #expect(Set(names.compactMap { EmailAddress($0) }).count == names.count)
        #expect(EmailAddress("Alice@example.com") == EmailAddress("alice@EXAMPLE.com"))
    }

    @Test func `of groups are compared byte for byte`() throws {
        let names = ["dba", "DBA", "caf\u{E9}", "cafe\u{301}", "K", "\u{212A}"]
        let groups = Set(names.compactMap { GroupName($0) })
        #expect(groups.count == names.count)
        #expect(
            groups.sorted().map { Array($0.text.utf8) }
                == groups.map { Array($0.text.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test(arguments: ["", " a", "a ", "\u{A0}a", "a\n", "a\tb", "a\0", "a\u{85}", String(repeating: "é", count: 129)])
    func `of groups hold no controls and no outer white space`(_ text: String) { #expect(GroupName(text) == nil) }

    @Test func `of tags and providers keep to their alphabet and length`() {
        for text in ["a", "prod-db", "0", String(repeating: "a", count: 32)] {
            #expect(TagName(text)?.text == text)
            #expect(ProviderID(text)?.text == text)
        }
        for text in ["", "Prod", "a b", "é", "a_b", "a\0", String(repeating: "a", count: 65)] {
            #expect(TagName(text) == nil)
            #expect(ProviderID(text) == nil)
        }
        #expect(TagName(String(repeating: "a", count: 64)) != nil)
        #expect(ProviderID(String(repeating: "a", count: 33)) == nil)
    }

    @Test func `of records and devices have one length and the base64url alphabet`() {
        for (count, isName) in [(21, false), (22, true), (23, false)] {
            #expect((RecordID(String(repeating: "-", count: count)) != nil) == isName)
        }
        for (count, isName) in [(42, false), (43, true), (44, false)] {
            #expect((DeviceID(String(repeating: "_", count: count)) != nil) == isName)
        }
        for odd in ["+", "/", "=", " ", "\0"] {
            #expect(RecordID(String(repeating: "a", count: 21) + odd) == nil)
            #expect(DeviceID(String(repeating: "a", count: 42) + odd) == nil)
        }
        #expect(RecordID(String(repeating: "é", count: 11)) == nil)
    }

    @Test func `of a principal are for people to read`() throws {
        var principal = Principal(
            node: try #require(RecordID(String(repeating: "n", count: 22))), host: try #require(HostName("laptop")),
            person: try #require(RecordID(String(repeating: "p", count: 22))), email: EmailAddress("a@example.com"),
            displayName: "Alice", provider: try #require(ProviderID("idp")), groups: [], tags: [])
        #expect(principal.label == "a@example.com")
        principal.email = nil
        #expect(principal.label == "Alice")
    }
}

@Suite struct `Fingerprint words` {
    @Test func `are 256 different ones in order, one for each byte`() {
        let words = (0...255).flatMap { FingerprintWords.words(of: [$0]) }
        #expect(Set(words).count == 256)
        #expect(words == words.sorted())
        #expect(words.allSatisfy { $0.utf8.allSatisfy((UInt8(ascii: "a")...UInt8(ascii: "z")).contains) })
        #expect(FingerprintWords.words(of: [0, 255, 1, 2, 3, 4, 5]) == ["acorn", "zebra"] + words[1...4])
        #expect(FingerprintWords.words(of: []) == [])
    }
}
