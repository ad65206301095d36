import AccessPolicy
import Cryptography
import ServerConfiguration
import Testing

private func load(_ text: String) -> Result<PolicyDocument, InvalidConfiguration> {
    PolicyFile.load(path: "policy.yaml", files: files(["policy.yaml": text]), now: 0)
}

@Suite struct `A policy file` {
    static let good = """
        rules:
          - name: dba-to-db
            source: [group:dba, "user:root@example.com"]
            destination: tag:prod-db
            allow: [tcp/5432, icmp]
          - { name: all, source: "*", destination: "device:wiki", allow: any }
        tests:
          - { from: ["user:alice@example.com", "group:dba"], to: "tag:prod-db", on: tcp/5432, expect: allow }
          - { from: "group:interns", to: "tag:prod-db", on: any, expect: deny }
        """

    @Test func `becomes a policy in the order written`() throws {
        let policy = try load(Self.good).get().policy
        #expect(policy.rules.map(\.name.text) == ["dba-to-db", "all"])
        #expect(policy.rules[0].sources.map(\.text) == ["group:dba", "user:root@example.com"])
        #expect(policy.rules[0].allow.map(\.text) == ["tcp/5432", "icmp"])
        #expect(policy.tests.count == 2)
        let digest = Digest.sha256(Self.good).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(policy.revision == digest.joined() && policy.revision.utf8.count == 16)
        #expect(try load(Self.good + "\n").get().policy.revision != policy.revision)
    }

    @Test func `may have no rules, and then allows nothing`() throws {
        #expect(try load("rules: []").get().policy.rules.isEmpty)
    }

    @Test(arguments: [
        ("name: dba-to-db", "name: DBA", "2:11 this value is wrong"),
        ("name: dba-to-db", "nmae: dba", "2:5 rules[0]: name is missing|2:5 unknown key \"nmae\" in rules[0]"),
        ("name: all", "name: dba-to-db", "6:13 the rule name \"dba-to-db\" is used twice; it was first on line 2"),
        ("destination: tag:prod-db", "destination: 10.0.0.1", "4:18 this value is wrong"),
        ("destination: tag:prod-db", "destination: []", "4:18 this list is empty"),
        ("destination: tag:prod-db", "destination: [tag:a, tag:a]", "4:26 this is given twice"),
        ("source: \"*\"", "source: *", "6:27 a text that begins with * must be in quotation marks: \"*\""),
        ("source: \"*\"", "source: *all", "6:26 a text that begins with * must be in quotation marks"),
        ("allow: any", "allow: ssh", "6:66 this value is wrong"),
        ("on: any, expect: deny", "on: any, expect: refuse", "9:66 this value is wrong"),
        (
            "on: any, expect: deny", "on: any, expect: allow",
            "9:5 this test fails: tcp/1 is denied: rule all is only for device:wiki"
        ),
        (
            "from: \"group:interns\"", "from: [\"user:a@example.com\", \"user:b@example.com\"]",
            "9:5 tests[1]: user:b@example.com is a second person or device on one side of a test"
        ),
        ("rules:", "rules: 5\nold:", "1:8 rules must be a list|2:1 unknown key \"old\" in the policy"),
        ("rules:", "# \nrule:", "2:1 the policy: rules is missing|2:1 unknown key \"rule\" in the policy"),
        ("  - name: dba-to-db", "  - 5\n  - name: dba-to-db", "2:5 rules[0] must be a mapping"),
    ])
    func `refuses each wrong thing at its place`(_ old: String, _ new: String, _ errors: String) {
        let text = Self.good.replacing(old, with: new)
        #expect(text != Self.good)
        #expect(Set(load(text).errors) == Set(errors.split(separator: "|").map(String.init)))
    }

    @Test func `shows why a test of it fails`() {
        let text = Self.good.replacing("expect: deny", with: "expect: allow")
            .replacing("on: tcp/5432, expect: allow", with: "on: tcp/5432-5433, expect: allow")
        #expect(
            load(text).diagnostics.map(\.message) == [
                "this test fails: tcp/5433 is denied: rule dba-to-db allows only tcp/5432, icmp",
                "this test fails: tcp/1 is denied: rule all is only for device:wiki",
            ])
        let allowed = load(Self.good.replacing("expect: allow", with: "expect: deny")).diagnostics
        #expect(allowed.map(\.message) == ["this test fails: tcp/5432 is allowed by rule dba-to-db"])
        #expect(allowed.map(\.expected) == ["deny"])
    }

    @Test func `with a bomb of aliases is refused at once`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            text += "a\(level): &a\(level) [" + String(repeating: "*a\(level - 1), ", count: 9) + "]\n"
        }
        text += "? *a39\n: x\n"
        #expect(load(text).errors == ["2:10 aliases are not allowed; write the value again"])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[[],"])
    func `of brackets alone is refused`(_ piece: String) {
        let text = String(repeating: piece, count: 200_000 / piece.utf8.count)
        #expect(!load(text).diagnostics.isEmpty)
    }

    @Test func `reports at most two hundred errors`() {
        let text = "rules:\n" + String(repeating: "  - { name: A, x: y }\n", count: 5000)
        #expect(load(text).diagnostics.count == 200)
        let keys = "rules: []\n" + String(repeating: "rules: []\n", count: 300)
        #expect((1...200).contains(load(keys).diagnostics.count))
    }
}
