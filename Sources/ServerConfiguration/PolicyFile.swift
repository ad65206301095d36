package import AccessPolicy
import Cryptography

/// Reads `policy.yaml`: rules and tests, checked whole; a policy whose tests fail is not a policy.
package enum PolicyFile {
    /// The revision is the first 16 hexadecimal digits of the SHA-256 of the file's bytes.
    package static func load(path: String, files: Files) -> Result<Policy, InvalidConfiguration> {
        switch Report.open(path, files) {
        case .failure(let invalid): return .failure(invalid)
        case .success(let opened):
            var reader = PolicyReader(report: opened.report)
            let revision = Digest.sha256(opened.bytes).prefix(8).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
            return reader.policy(revision: revision)
        }
    }
}

private struct PolicyReader {
    var report: Report
    private var names: [RuleName: Position] = [:]
    private var testPositions: [Position] = []

    init(report: Report) { self.report = report }

    mutating func policy(revision: String) -> Result<Policy, InvalidConfiguration> {
        guard let root = report.root(expected: "rules and tests"),
            let file = Section(root, name: "the policy", keys: ["rules", "tests"], &report)
        else { return report.result(nil) }
        let rules = section("rules", of: file, required: true).compactMap { rule($0.node, $0.name) }
        let tests = section("tests", of: file, required: false).compactMap { test($0.node, $0.name) }
        let policy = Policy(rules: rules, tests: tests, revision: revision)
        // The tests of a policy with errors would fail for reasons that the errors tell better.
        if report.count == 0 {
            for failure in policy.failures(now: 0) { fail(failure) }
        }
        return report.result(policy)
    }

    private mutating func section(_ key: String, of file: Section, required: Bool) -> [(node: YAMLNode, name: String)] {
        let expected = "a list of \(key), each a mapping"
        guard let node = required ? file.required(key, expected: expected, &report) : file.node(key) else { return [] }
        guard case .list(let nodes) = node.content, nodes.count <= 10_000 else {
            report.error(at: node.position, "\(key) must be a list", found: node.description, expected: expected)
            return []
        }
        return nodes.enumerated().map { ($1, "\(key)[\($0)]") }
    }

    private mutating func rule(_ node: YAMLNode, _ name: String) -> Rule? {
        let keys = ["name", "source", "destination", "allow", "when"]
        guard let section = Section(node, name: name, keys: keys, &report) else { return nil }
        if let position = section.keyPosition("when") {
            report.error(
                at: position,
                "conditions (\"when\") are not supported by this version; without them the rule would "
                    + "allow more than it says")
        }
        let ruleName = section.required("name", expected: Expected.ruleName, &report).flatMap { node in
            unique(report.value(node, expected: Expected.ruleName) { try? RuleName($0) }, at: node.position)
        }
        let sources = selectors("source", of: section)
        let destinations = selectors("destination", of: section)
        let allow =
            section.required("allow", expected: Expected.service, &report).map { node in
                report.values(node, expected: Expected.service) { try? Service(parsing: $0) }
            } ?? []
        guard let ruleName, !sources.isEmpty, !destinations.isEmpty, !allow.isEmpty else { return nil }
        return Rule(name: ruleName, sources: sources, destinations: destinations, allow: allow)
    }

    private mutating func unique(_ name: RuleName?, at position: Position) -> RuleName? {
        guard let name else { return nil }
        guard let first = names.updateValue(position, forKey: name) else { return name }
        names[name] = first
        report.error(at: position, "the rule name \"\(name)\" is used twice; it was first on line \(first.line)")
        return nil
    }

    private mutating func selectors(_ key: String, of section: Section) -> [Selector] {
        guard let node = section.required(key, expected: Expected.selector, &report) else { return [] }
        return report.values(node, expected: Expected.selector) { try? Selector(parsing: $0) }
    }

    private mutating func test(_ node: YAMLNode, _ name: String) -> PolicyTest? {
        guard let section = Section(node, name: name, keys: ["from", "to", "on", "expect"], &report) else { return nil }
        let from = selectors("from", of: section)
        let to = selectors("to", of: section)
        let on = section.required("on", expected: Expected.service, &report).flatMap { node in
            report.value(node, expected: Expected.service) { try? Service(parsing: $0) }
        }
        let expect = section.required("expect", expected: "allow or deny", &report).flatMap { node in
            report.word(node, among: PolicyTest.Expectation.allCases.map { ($0.rawValue, $0) })
        }
        guard !from.isEmpty, !to.isEmpty, let on, let expect else { return nil }
        do {
            let test = try PolicyTest(from: from, to: to, on: on, expect: expect)
            testPositions.append(node.position)
            return test
        } catch {
            report.error(at: node.position, "\(name): \(error)")
            return nil
        }
    }

    private mutating func fail(_ failure: PolicyTestFailure) {
        guard failure.index < testPositions.count else { return }
        let decision = failure.decision
        let answer = decision.rule.map { "allowed by rule \($0)" } ?? "denied"
        let reason = decision.nearMisses.first.map { ": \($0)" } ?? ""
        report.error(
            at: testPositions[failure.index],
            "this test fails: \(decision.attempt.service) is \(answer)\(reason)",
            expected: failure.test.expect.rawValue)
    }
}

private enum Expected {
    static var ruleName: String { "a rule name: 1 to 64 of a-z, 0-9 and \"-\"" }
    static var selector: String { "user:ADDRESS, group:NAME, tag:NAME, device:NAME or \"*\"" }
    static var service: String { "tcp/PORT, tcp/FIRST-LAST, udp/PORT, tcp, udp, icmp or any" }
}
