import AccessPolicy
import Identity

/// Turns the document of a policy file into a `PolicyDocument`, section by section.
///
/// What several sections need of each other (services, local groups) is read first, whatever the order of the file.
struct PolicyReader {
    static var keys: [String] { ["groups", "tag_owners", "services", "rules", "grants", "tests"] }
    /// No section may be longer.
    static var maximumEntries: Int { 20_000 }

    var report: Report
    var zones: ZoneReader
    let now: Int

    var services: [String: [Service]] = [:]
    /// Where each name stands, of rules and of grants.
    var ruleNames: [RuleName: Position] = [:]
    /// One for each of the policy's tests.
    var testPositions: [Position] = []
    var groupPositions: [GroupName: Position] = [:]
    /// The first place of each selector outside of tests: what nobody has is warned about there.
    var mentions: [Selector: Position] = [:]
    /// The first country of each `from`.
    var countries: [PolicyDocument.CountryMention] = []

    init(report: Report, zones: ZoneReader, now: Int) {
        self.report = report
        self.zones = zones
        self.now = now
    }

    mutating func document(of bytes: [UInt8], known: KnownNames?) -> Result<PolicyDocument, InvalidConfiguration> {
        guard let root = report.root(expected: "rules and tests"),
            let file = Section(root, name: "the policy", keys: Self.keys, &report)
        else { return report.result(nil) }
        if let node = file.node("services") { readServices(node) }
        let groups = file.node("groups").map { readGroups($0) } ?? .none
        let tagOwners = file.node("tag_owners").map { readTagOwners($0) } ?? [:]
        let rules = list("rules", of: file, required: true).compactMap { rule($0.node, $0.name) }
        let grants = list("grants", of: file, required: false).compactMap { grant($0.node, $0.name) }
        let tests = list("tests", of: file, required: false).flatMap { test($0.node, $0.name) }
        let policy = Policy(
            rules: rules + grants, tests: tests, zones: zones.tables, localGroups: groups,
            revision: PolicyDocument.revision(of: bytes))
        // The tests of a policy with errors would fail for reasons that the errors tell better.
        if report.count == 0 { check(tests: policy) }
        if report.count == 0 { warn(of: policy, known: known) }
        return report.result(
            PolicyDocument(
                policy: policy, tagOwners: tagOwners, services: services, warnings: report.warnings, bytes: bytes,
                name: report.source.file, countries: countries))
    }

    private mutating func list(_ key: String, of file: Section, required: Bool) -> [(node: YAMLNode, name: String)] {
        let expected = "a list of \(key), each a mapping"
        guard let node = required ? file.required(key, expected: expected, &report) : file.node(key) else { return [] }
        guard case .list(let nodes) = node.content else {
            report.error(at: node.position, "\(key) must be a list", found: node.description, expected: expected)
            return []
        }
        guard nodes.count <= Self.maximumEntries else {
            report.error(
                at: node.position, "\(key) is too long", found: "\(nodes.count) elements",
                expected: "at most \(Self.maximumEntries)")
            return []
        }
        return nodes.enumerated().map { ($1, "\(key)[\($0)]") }
    }

    /// The entries of a mapping whose keys are the administrator's own names.
    private mutating func entries(_ node: YAMLNode, _ name: String, expected: String) -> [YAMLNode.Entry] {
        guard case .mapping(let entries) = node.content, entries.count <= Self.maximumEntries else {
            if !node.isUnreadable {
                report.error(
                    at: node.position, "\(name) must be a mapping", found: node.description, expected: expected)
            }
            return []
        }
        return entries.filter { entry in
            guard entry.value.isNothing else { return !entry.value.isUnreadable }
            report.error(at: entry.position, "\(name): \"\(entry.key)\" is empty", expected: expected)
            return false
        }
    }

    private mutating func readServices(_ node: YAMLNode) {
        let reserved: Set = ["any", "tcp", "udp", "icmp"]
        for entry in entries(node, "services", expected: "a name and its list of services, as web: [tcp/80, tcp/443]") {
            guard (try? RuleName(entry.key)) != nil, !reserved.contains(entry.key) else {
                report.error(
                    at: entry.position, "services: \"\(entry.key)\" cannot be the name of a service",
                    expected: "1 to 64 of a-z, 0-9 and \"-\", and none of \(reserved.sorted().joined(separator: ", "))")
                continue
            }
            services[entry.key] = report.values(entry.value, expected: PolicyText.service) {
                try? Service(parsing: $0)
            }
        }
    }

    private mutating func readGroups(_ node: YAMLNode) -> LocalGroups {
        var definitions: [GroupName: [Selector]] = [:]
        for entry in entries(node, "groups", expected: "a name and its members, as dba: [user:ADDRESS, group:NAME]") {
            guard let name = GroupName(entry.key), !entry.key.hasPrefix("group:") else {
                report.error(
                    at: entry.position, "groups: \"\(entry.key)\" cannot be the name of a group",
                    expected: "the name alone, 1 to 256 bytes",
                    suggestion: entry.key.hasPrefix("group:") ? String(entry.key.dropFirst(6)) : nil)
                continue
            }
            groupPositions[name] = entry.position
            definitions[name] = selectors(entry.value).filter { selector in
                guard selector == .everyone else { return true }
                report.error(
                    at: entry.value.position, "groups: everyone is in no group", expected: "\"*\" in the rule itself")
                return false
            }
        }
        do throws(PolicyError) { return try LocalGroups(definitions) } catch {
            var position = node.position
            if case .groupCycle(let names) = error, let place = names.first.flatMap({ groupPositions[$0] }) {
                position = place
            }
            report.error(
                at: position, "\(error)", expected: "groups that are made of others, which are not made of them")
            return .none
        }
    }

    private mutating func readTagOwners(_ node: YAMLNode) -> [TagName: [Selector]] {
        var owners: [TagName: [Selector]] = [:]
        for entry in entries(node, "tag_owners", expected: "a tag and its owners, as prod-db: [group:NAME]") {
            let text = entry.key.hasPrefix("tag:") ? String(entry.key.dropFirst(4)) : entry.key
            guard let tag = TagName(text) else {
                report.error(
                    at: entry.position, "tag_owners: \"\(entry.key)\" is not a tag",
                    expected: "1 to 64 of a-z, 0-9 and \"-\"")
                continue
            }
            guard owners[tag] == nil else {
                report.error(at: entry.position, "tag_owners: the tag \(tag) is given twice")
                continue
            }
            owners[tag] = selectors(entry.value).filter { selector in
                switch selector {
                case .user, .group: return true
                case .tag, .device, .everyone:
                    report.error(
                        at: entry.value.position, "tag_owners: \(selector.text) cannot own a tag",
                        expected: "user:ADDRESS or group:NAME: a permission belongs to people")
                    return false
                }
            }
        }
        return owners
    }
}
