import AccessPolicy
import CivilTime
import NetworkAddresses

/// A policy's tests.
extension PolicyReader {
    static var testKeys: [String] { ["from", "to", "on", "given", "expect"] }
    static var givenKeys: [String] {
        ["mfa", "auth_age", "session_age", "at", "from", "posture", "os", "managed"]
    }

    /// One for each service that `on` names.
    mutating func test(_ node: YAMLNode, _ name: String) -> [PolicyTest] {
        guard let section = Section(node, name: name, keys: Self.testKeys, &report) else { return [] }
        let from = side("from", of: section)
        let to = side("to", of: section)
        let services = requiredServices("on", of: section)
        let expect = section.required("expect", expected: "allow or deny", &report).flatMap { node in
            report.word(node, among: PolicyTest.Expectation.allCases.map { ($0.rawValue, $0) })
        }
        let given = facts("given", of: section)
        guard !from.isEmpty, !to.isEmpty, let expect, let given else { return [] }
        do throws(PolicyError) {
            var tests: [PolicyTest] = []
            for service in services {
                tests.append(try PolicyTest(from: from, to: to, on: service, given: given, expect: expect))
            }
            testPositions += tests.map { _ in node.position }
            return tests
        } catch {
            report.error(at: node.position, "\(name): \(error)")
            return []
        }
    }

    private mutating func side(_ key: String, of section: Section) -> [Selector] {
        section.required(key, expected: PolicyText.selector, &report).map { selectors($0, mentioned: false) } ?? []
    }

    /// Nil when something was reported.
    private mutating func facts(_ key: String, of section: Section) -> GivenFacts? {
        guard section.keyPosition(key) != nil else { return GivenFacts() }
        let before = report.count
        guard
            let node = section.required(
                key, expected: "facts: " + Self.givenKeys.joined(separator: ", "), &report),
            let given = Section(node, name: "\(section.name).\(key)", keys: Self.givenKeys, &report)
        else { return nil }
        var facts = GivenFacts()
        facts.mfa = age("mfa", of: given)
        facts.authAge = age("auth_age", of: given)
        facts.sessionAge = age("session_age", of: given)
        let moment = "a moment such as 2026-11-21T13:30:00+01:00"
        facts.at = self.given("at", of: given, expected: moment).flatMap { node in
            report.value(node, expected: moment) { MomentText.moment($0) }
        }
        let expectedPlace = "a country such as DE, or an address such as 192.0.2.7"
        if let node = self.given("from", of: given, expected: expectedPlace) {
            let text = report.text(node, expected: expectedPlace)
            facts.address = text.flatMap { IPAddress($0) }
            if let text, facts.address == nil {
                facts.country = Countries.named(text)
                if facts.country == nil {
                    report.error(
                        at: node.position, "this is no country or address", found: node.description,
                        expected: expectedPlace, suggestion: Countries.nearest(text))
                }
            }
        }
        if let node = self.given("posture", of: given, expected: "checks and their results") {
            facts.posture = posture(node)
        }
        let system = "an operating system, such as linux"
        facts.operatingSystem = self.given("os", of: given, expected: system).flatMap { node in
            report.value(node, expected: system) { Conditions.isSystemName($0) ? $0 : nil }
        }
        facts.isManaged = self.given("managed", of: given, expected: "true or false").flatMap { report.bool($0) }
        return report.count == before ? facts : nil
    }

    private mutating func age(_ key: String, of section: Section) -> GivenFacts.Age? {
        let expected = "never, or how long ago, as 30m"
        guard let node = given(key, of: section, expected: expected) else { return nil }
        return report.value(node, expected: expected) { text -> GivenFacts.Age? in
            if text == "never" { return .never }
            guard let age = DurationText.parse(text), age <= Self.largestAge else { return nil }
            return .seconds(Int(age.components.seconds))
        }
    }

    private mutating func posture(_ node: YAMLNode) -> [PostureCheck: PostureReport.Result] {
        let expected = "checks and their results, as { disk-encrypted: pass }"
        guard case .mapping(let entries) = node.content else {
            report.error(at: node.position, "this value is wrong", found: node.description, expected: expected)
            return [:]
        }
        var checks: [PostureCheck: PostureReport.Result] = [:]
        for entry in entries where !entry.value.isUnreadable {
            guard let check = try? PostureCheck(entry.key) else {
                report.error(
                    at: entry.position, "\"\(entry.key)\" is not the name of a check", expected: PolicyText.posture)
                continue
            }
            checks[check] = report.word(
                entry.value, among: PostureReport.Result.allCases.map { ($0.rawValue, $0) })
        }
        return checks
    }

    /// Runs them, and reports those that fail.
    mutating func check(tests policy: Policy) {
        let moments = policy.tests.compactMap(\.given.at)
        guard let tables = zones.tables(with: moments) else {
            report.error(
                at: testPositions.first ?? Position(line: 1, column: 1),
                "the moments that tests are given are too far apart for the time zone database")
            return
        }
        let asked = Policy(
            rules: policy.rules, tests: policy.tests, zones: tables, localGroups: policy.localGroups,
            revision: policy.revision)
        for failure in asked.failures(now: now) { fail(failure) }
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
