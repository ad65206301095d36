import AccessPolicy
import Identity

/// Rules and grants.
extension PolicyReader {
    static var ruleKeys: [String] { ["name", "source", "destination", "allow", "when"] }
    static var grantKeys: [String] { ["name", "user", "destination", "allow", "until", "reason", "when"] }

    mutating func rule(_ node: YAMLNode, _ name: String) -> Rule? {
        guard let section = Section(node, name: name, keys: Self.ruleKeys, &report) else { return nil }
        let ruleName = uniqueName(of: section)
        let sources = requiredSelectors("source", of: section)
        let destinations = requiredSelectors("destination", of: section)
        let allow = requiredServices("allow", of: section)
        let conditions = conditions("when", of: section)
        guard let ruleName, let conditions, !sources.isEmpty, !destinations.isEmpty, !allow.isEmpty else { return nil }
        return Rule(
            name: ruleName, sources: sources, destinations: destinations, allow: allow, conditions: conditions)
    }

    /// Access of one person until a moment: a rule, in effect.
    mutating func grant(_ node: YAMLNode, _ name: String) -> Rule? {
        guard let section = Section(node, name: name, keys: Self.grantKeys, &report) else { return nil }
        let ruleName = uniqueName(of: section)
        let expected = "the address of one person"
        let user = section.required("user", expected: expected, &report).flatMap { node in
            let selector = report.value(node, expected: expected) { text -> Selector? in
                EmailAddress(text.hasPrefix("user:") ? String(text.dropFirst(5)) : text).map { .user($0) }
            }
            if let selector { mention(selector, at: node.position) }
            return selector
        }
        let destinations = requiredSelectors("destination", of: section)
        let allow = requiredServices("allow", of: section)
        let until = section.required("until", expected: PolicyText.until, &report).flatMap { node in
            report.value(node, expected: PolicyText.until) { MomentText.end($0) }
        }
        _ = section.required("reason", expected: "why, for those who read the file later", &report).flatMap { node in
            report.text(node, expected: "a reason in words")
        }
        var conditions = conditions("when", of: section)
        if conditions?.until != nil, let position = section.keyPosition("when") {
            report.error(at: position, "\(name): a grant says until when in until, not in when")
        }
        conditions?.until = until
        guard let ruleName, let user, let conditions, until != nil, !destinations.isEmpty, !allow.isEmpty else {
            return nil
        }
        return Rule(name: ruleName, sources: [user], destinations: destinations, allow: allow, conditions: conditions)
    }

    private mutating func uniqueName(of section: Section) -> RuleName? {
        guard let node = section.required("name", expected: PolicyText.ruleName, &report),
            let name = report.value(node, expected: PolicyText.ruleName, { try? RuleName($0) })
        else { return nil }
        guard !name.text.hasPrefix(TemporaryGrantName.prefix) else {
            report.error(
                at: node.position, "names that begin with \(TemporaryGrantName.prefix) are those of `ztna admin grant`",
                found: node.description, expected: "another name")
            return nil
        }
        if let first = ruleNames[name] {
            report.error(
                at: node.position, "the rule name \"\(name)\" is used twice; it was first on line \(first.line)")
            return nil
        }
        ruleNames[name] = node.position
        return name
    }

    mutating func requiredSelectors(_ key: String, of section: Section) -> [Selector] {
        section.required(key, expected: PolicyText.selector, &report).map { selectors($0) } ?? []
    }

    /// Those that are right; the others are reported, and repetitions too.
    mutating func selectors(_ node: YAMLNode, mentioned: Bool = true) -> [Selector] {
        var seen: Set<Selector> = []
        var result: [Selector] = []
        for element in report.elements(node, expected: PolicyText.selector, maximum: Rule.maximumListLength) {
            guard let text = report.text(element, expected: PolicyText.selector) else { continue }
            guard let selector = try? Selector(parsing: text) else {
                report.error(
                    at: element.position, "this value is wrong", found: element.description,
                    expected: PolicyText.selector,
                    suggestion: PolicyText.nearestSelector(text, groups: groupPositions.keys))
                continue
            }
            guard seen.insert(selector).inserted else {
                report.error(at: element.position, "this is given twice", found: element.description)
                continue
            }
            if mentioned { mention(selector, at: element.position) }
            result.append(selector)
        }
        return result
    }

    mutating func requiredServices(_ key: String, of section: Section) -> [Service] {
        section.required(key, expected: PolicyText.service, &report).map { services($0) } ?? []
    }

    /// With named services written out.
    private mutating func services(_ node: YAMLNode) -> [Service] {
        let expected = PolicyText.service + (services.isEmpty ? "" : ", or a name of services")
        var texts: Set<String> = []
        var seen: Set<Service> = []
        var result: [Service] = []
        for element in report.elements(node, expected: expected, maximum: Rule.maximumListLength) {
            guard let text = report.text(element, expected: expected) else { continue }
            guard let found = services[text] ?? (try? Service(parsing: text)).map({ [$0] }) else {
                report.error(
                    at: element.position, "this value is wrong", found: element.description, expected: expected,
                    suggestion: PolicyText.nearestService(text, named: services.keys))
                continue
            }
            guard texts.insert(text).inserted else {
                report.error(at: element.position, "this is given twice", found: element.description)
                continue
            }
            result += found.filter { seen.insert($0).inserted }
        }
        if result.count > Rule.maximumListLength {
            report.error(
                at: node.position, "these are too many services", found: "\(result.count)",
                expected: "at most \(Rule.maximumListLength)")
        }
        return result
    }

    private mutating func mention(_ selector: Selector, at position: Position) {
        if mentions[selector] == nil { mentions[selector] = position }
    }
}

/// How the rules are called that `ztna admin grant` makes.
package enum TemporaryGrantName {
    package static var prefix: String { "grant-" }
}
