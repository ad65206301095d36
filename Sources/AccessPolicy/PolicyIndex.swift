package import Identity
package import NetworkAddresses

/// A policy, arranged so that a decision costs what concerns the pair: the rules by whom they name, and what the clock says
/// of each at one moment.
///
/// It decides exactly as `Policy.decide` does, without telling why it refuses.
package struct PolicyIndex: Sendable {
    package let policy: Policy
    /// The moment at which decisions are made, in seconds since the epoch.
    package let now: Int
    private var bySource: [Selector: [Int]] = [:]
    private var byDestination: [Selector: [Int]] = [:]
    /// Of rules with conditions only.
    private var clocks: [Int: Conditions.Clock] = [:]
    /// Whether a rule has any condition; a look at the rule itself costs more.
    private var conditional: PlaceSet
    /// Rules that allow one range of ports of one protocol are decided from this; others from the rule.
    private var services: [ServiceWord]

    package init(_ policy: Policy, now: Int) {
        self.policy = policy
        self.now = now
        conditional = PlaceSet(count: policy.rules.count)
        services = policy.rules.map(ServiceWord.init)
        for (index, rule) in policy.rules.enumerated() where !rule.allow.isEmpty {
            for selector in Set(rule.sources) { bySource[selector, default: []].append(index) }
            for selector in Set(rule.destinations) { byDestination[selector, default: []].append(index) }
            if !rule.conditions.isEmpty {
                conditional.insert(index)
                clocks[index] = rule.conditions.clock(at: now, zones: policy.zones)
            }
        }
    }

    /// The same as `RuleRoles(of:in:)`, without walking every rule.
    package func roles(of principal: Principal) -> RuleRoles {
        var sources = PlaceSet(count: policy.rules.count)
        var destinations = sources
        func add(_ selector: Selector) {
            for index in bySource[selector] ?? [] { sources.insert(index) }
            for index in byDestination[selector] ?? [] { destinations.insert(index) }
        }
        add(.everyone)
        add(.device(principal.host))
        if let email = principal.email { add(.user(email)) }
        for group in principal.groups { add(.group(group)) }
        for tag in principal.tags { add(.tag(tag)) }
        return RuleRoles(sources: sources, destinations: destinations)
    }

    /// What `decide` says when it does not have to give reasons.
    package struct Answer: Hashable, Sendable {
        /// The place of the rule that allows; nil: refused.
        package let rule: Int?
        /// When that rule ends by time alone.
        package let endsAt: Int?
    }

    package func answer(
        from source: RuleRoles, to destination: RuleRoles, protocol transport: TransportProtocol, port: UInt16?,
        context: Context
    ) -> Answer {
        var end: Int?
        let rule = source.sources.firstCommon(with: destination.destinations) { index in
            guard services[index].includes(transport, port, in: policy.rules[index]) else { return false }
            guard conditional.contains(index) else { return true }
            guard let clock = clocks[index] else { return false }
            switch policy.rules[index].conditions.outcome(for: context, at: now, clock: clock) {
            case .holds(let until):
                end = until
                return true
            case .fails: return false
            }
        }
        return Answer(rule: rule, endsAt: rule == nil ? nil : end)
    }

    /// The same as `Policy.grants`.
    package func grants(from source: RuleRoles, to destination: RuleRoles, context: Context) -> Grants {
        var holding: [HoldingRule] = []
        var opening: Int?
        _ = source.sources.firstCommon(with: destination.destinations) { index in
            let rule = policy.rules[index]
            let clock = clocks[index] ?? Conditions.Clock()
            switch rule.conditions.outcome(for: context, at: now, clock: clock) {
            case .holds(let end): holding.append(HoldingRule(name: rule.name, allow: rule.allow, end: end))
            case .fails(_, let moment): opening = [opening, moment].compactMap(\.self).min()
            }
            return false
        }
        return Grants(list: GrantCompiler(holding).grants(), nextOpening: opening)
    }
}

/// A rule's services in one word, where one range of one protocol says them all.
private struct ServiceWord {
    private let `protocol`: TransportProtocol?
    private let lower: UInt16
    private let upper: UInt16
    private let isSimple: Bool

    init(_ rule: Rule) {
        let only = rule.allow.count == 1 ? rule.allow.first : nil
        isSimple = only?.ports != nil
        `protocol` = only?.protocol
        lower = only?.ports?.lowerBound ?? 0
        upper = only?.ports?.upperBound ?? 0
    }

    func includes(_ transport: TransportProtocol, _ port: UInt16?, in rule: @autoclosure () -> Rule) -> Bool {
        guard isSimple else { return rule().allows(transport, port: port) }
        guard let port else { return false }
        return transport == `protocol` && lower <= port && port <= upper
    }
}
