internal import Identity

/// A difference in words, one line for each block: who, where, what they gain and lose.
///
/// Sources are named by groups and destinations by tags where a group or tag is wholly in the block, one by one else.
package struct PolicyDifferenceText: Sendable {
    /// So many names are given one by one in a line.
    package static var namesShown: Int { 12 }

    private let sources: PartyNames
    private let destinations: PartyNames

    /// The parties that the difference was made for; `policy` is the new one.
    package init(sources: [PolicyParty], destinations: [PolicyParty], policy: Policy) {
        self.sources = PartyNames(sources, policy: policy, all: "everyone")
        self.destinations = PartyNames(destinations, policy: policy, all: "all devices")
    }

    package func source(of block: PolicyDifference.Block) -> [String] { sources.cover(block.sources) }
    package func destination(of block: PolicyDifference.Block) -> [String] { destinations.cover(block.destinations) }

    /// "group:dba -> tag:prod-db: gains tcp/5432 with MFA within 1h; loses tcp/22".
    package func line(_ block: PolicyDifference.Block) -> String {
        "\(Self.list(source(of: block))) -> \(Self.list(destination(of: block))): \(Self.words(block.change))"
    }

    package static func line(_ dormant: PolicyDifference.Dormant) -> String {
        let rule = dormant.rule
        return "rule \(rule.name) \(dormant.isNew ? "comes" : "goes"), which concerns nobody now: "
            + list(rule.sources.map(\.text)) + " -> " + list(rule.destinations.map(\.text))
            + ", " + list(rule.allow.map(\.text)) + condition(rule.conditions)
    }

    package static func words(_ change: PolicyDifference.Change) -> String {
        let parts =
            change.gained.map { "gains " + words($0) } + change.lost.map { "loses " + words($0) }
            + change.kept.map {
                "keeps \(list($0.services)), now \(moment($0.after)) (was \(moment($0.before)))"
            }
        return parts.joined(separator: "; ")
    }

    private static func words(_ reach: PolicyDifference.Reach) -> String {
        list(reach.services) + condition(reach.conditions)
    }

    private static func condition(_ conditions: Conditions) -> String {
        if conditions.isEmpty { return "" }
        let words = conditions.words
        return words.hasPrefix("until ") ? " \(words)" : " with \(words)"
    }

    private static func moment(_ conditions: Conditions) -> String {
        conditions.isEmpty ? "always" : "only" + condition(conditions)
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(namesShown).joined(separator: ", ")
        return names.count > namesShown ? "\(shown) and \(names.count - namesShown) more" : shown
    }
}

/// Names sets of parties by what they have in common.
private struct PartyNames: Sendable {
    private let parties: [String]
    private let all: String
    /// The groups of people and the tags of devices, each with how many have it.
    private var labels: [String] = []
    private var sizes: [Int] = []
    private var labelsOf: [[Int]] = []

    init(_ parties: [PolicyParty], policy: Policy, all: String) {
        self.parties = parties.map(\.name)
        self.all = all
        var places: [String: Int] = [:]
        for party in parties {
            let names =
                party.isPerson
                ? policy.localGroups.enriched(party.principal).groups.sorted().map { "group:\($0)" }
                : party.principal.tags.sorted().map { "tag:\($0)" }
            labelsOf.append(
                names.map { name in
                    let place = places[name] ?? labels.count
                    if place == labels.count {
                        places[name] = place
                        labels.append(name)
                        sizes.append(0)
                    }
                    sizes[place] += 1
                    return place
                })
        }
    }

    /// Exactly these parties: labels that all of whose holders are among them, the widest first, and the rest by name.
    func cover(_ members: [Int]) -> [String] {
        if members.count == parties.count, members.count > 1 { return ["\(all) (\(members.count))"] }
        var counts: [Int: Int] = [:]
        for member in members { for label in labelsOf[member] { counts[label, default: 0] += 1 } }
        let whole = counts.filter { $0.value == sizes[$0.key] }.keys
            .sorted { (sizes[$1], labels[$0]) < (sizes[$0], labels[$1]) }
        var left = Set(members)
        var names: [String] = []
        for label in whole where sizes[label] > 1 {
            let holders = members.filter { left.contains($0) && labelsOf[$0].contains(label) }
            guard !holders.isEmpty else { continue }
            names.append("\(labels[label]) (\(sizes[label]))")
            left.subtract(holders)
        }
        return names + left.map { parties[$0] }.sorted()
    }
}
