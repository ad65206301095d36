import Testing

@testable import LinuxNetwork

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A table as the kernel has it` {
    private static let script = """
        counter seen { }
        set named { type ipv4_addr . inet_service; flags timeout; size 9; elements = { 192.0.2.1 . 22 timeout 1h }; }
        chain last { counter name "seen" log prefix "here" group 7 reject; }
        chain first {
        type filter hook input priority 0; policy accept;
        ip saddr . tcp dport @named accept
        meta l4proto { tcp, udp } goto last comment "of both"
        }
        """

    @Test(arguments: [
        ("192.0.2.1 . 22", "192.0.2.2 . 23", true), ("\"of both\"", "\"of these\"", true), ("1h", "2h", true),
        ("tcp, udp", "tcp, icmp", false), ("size 9", "size 8", false), ("group 7", "group 8", false),
        ("policy accept", "policy drop", false), ("hook input", "hook output", false),
        ("goto last", "jump last", false),
        ("priority 0", "priority 1", false), ("@named accept", "@named drop", false),
        ("chain last", "chain more { }\nchain last", false),
        ("ip saddr . tcp dport @named accept\n", "", false),
        ("of both\"", "of both\"\naccept", false),
        ("counter seen", "set other { type mark; }\ncounter seen", false),
    ])
    func `is the same for the same script but for comments, members and handles`(
        _ text: String, _ other: String, _ isSame: Bool
    ) throws {
        let place = try NetworkNamespace("t")
        let changed = Self.script.replacing(text, with: other)
        #expect(changed != Self.script)
        for (table, script) in [("a", Self.script), ("b", changed), ("c", Self.script)] {
            try place.run("nft", "table inet \(table) {\n\(script)\n}")
        }
        let forms = try Self.forms(of: ["a", "b", "c"], in: place)
        #expect(forms[0] != nil && forms[2] == forms[0])
        #expect((forms[1] == forms[0]) == isSame)
    }

    @Test func `says whether packets meet it, and that there is none`() throws {
        let place = try NetworkNamespace("t")
        try place.run("nft", "table inet a { chain c { }; }; table inet b { flags dormant; chain c { }; }")
        let forms = try Self.forms(of: ["a", "b", "c"], in: place)
        #expect(forms[0]?.flags == 0 && forms[1]?.flags == FilterTableForm.dormant && forms[2] == nil)
        #expect(forms[0]?.digest == forms[1]?.digest)
    }

    private static func forms(of tables: [String], in place: NetworkNamespace) throws -> [FilterTableForm?] {
        try place.inside {
            var dump = try FilterTableDump()
            var forms: [FilterTableForm?] = []
            for table in tables { forms.append(try dump.form(of: table)) }
            return forms
        }
    }
}
