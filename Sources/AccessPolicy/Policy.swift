package import CivilTime
package import Identity
package import NetworkAddresses

/// Who may reach what: rules in the administrator's order, closed by default.
///
/// A person's own devices are no exception: without a rule they do not reach each other.
package struct Policy: Hashable, Sendable {
    package let rules: [Rule]
    package let tests: [PolicyTest]
    /// The zones that hours are told in, by name. A rule whose zone is missing or has ended is closed.
    package let zones: [String: ZoneTable]
    package let localGroups: LocalGroups
    /// Changes whenever the policy does; given by who loaded it.
    package let revision: String

    package init(
        rules: [Rule], tests: [PolicyTest] = [], zones: [String: ZoneTable] = [:], localGroups: LocalGroups = .none,
        revision: String
    ) {
        self.rules = rules
        self.tests = tests
        self.zones = zones
        self.localGroups = localGroups
        self.revision = revision
    }

    /// The one answer: the first rule that names source, destination and service, and whose conditions hold, allows;
    /// without one it is refused.
    ///
    /// Local groups are not looked at here: a principal is `enriched` with them when it is made. `port` is nil for
    /// protocols without ports; `now` is in seconds since the epoch.
    package func decide(
        source: Principal, destination: Principal, protocol transport: TransportProtocol, port: UInt16?,
        context: Context = .unknown, now: Int
    ) -> Decision {
        let attempt = Attempt(source: source, destination: destination, protocol: transport, port: port)
        var failed: [NearMiss] = []
        var otherServices: [NearMiss] = []
        var otherDestinations: [NearMiss] = []
        var change: Int?
        func mayChange(at moment: Int?) { change = [change, moment].compactMap(\.self).min() }
        for rule in rules where rule.names(source: source) {
            guard rule.names(destination: destination) else {
                otherDestinations.append(.ruleForOtherDestination(rule.name, rule.destinations))
                continue
            }
            guard rule.allows(transport, port: port) else {
                otherServices.append(.ruleForOtherService(rule.name, rule.allow))
                continue
            }
            switch rule.conditions.outcome(for: context, at: now, zones: zones) {
            case .holds(let end):
                mayChange(at: end)
                return Decision(
                    attempt: attempt, verdict: .allowed(by: rule.name), decidedAt: now, mayChangeAt: change)
            case .fails(let failures, let opens):
                mayChange(at: opens)
                failed.append(.conditionsNotMet(rule.name, failures))
            }
        }
        // What a step-up cures is the nearest of all.
        let nearMisses =
            failed.filter(\.isCuredByStepUp) + failed.filter { !$0.isCuredByStepUp } + otherServices
            + otherDestinations
        return Decision(
            attempt: attempt, verdict: .refused(nearMisses.isEmpty ? [.noRuleNamesSource] : nearMisses), decidedAt: now,
            mayChangeAt: change)
    }

    /// The slice: every rule that could let someone reach this destination, in order.
    package func rules(for destination: Principal) -> [Rule] {
        rules.filter { $0.names(destination: destination) }
    }

    /// Every rule that could let this source reach someone, in order.
    package func rules(naming source: Principal) -> [Rule] {
        rules.filter { $0.names(source: source) }
    }

    /// The same policy for these two alone: it decides the same. Of the source's rules for other destinations it has the first
    /// `others`; all where there is none for this one, for then they are all that there is to tell.
    func concerning(_ source: Principal, _ destination: Principal, others: Int) -> Policy {
        let naming = rules(naming: source)
        var left = naming.contains { $0.names(destination: destination) } ? others : naming.count
        let concerned = naming.filter { rule in
            if rule.names(destination: destination) { return true }
            left -= 1
            return left >= 0
        }
        return Policy(rules: concerned, tests: tests, zones: zones, localGroups: localGroups, revision: revision)
    }

    /// The rules that nobody satisfies unless something tells the country of an address.
    package var rulesAskingCountries: [RuleName] {
        rules.filter { !$0.conditions.countries.isEmpty }.map(\.name)
    }

    /// The zones that some rules' hours are told in.
    package func zones(for rules: [Rule]) -> [String: ZoneTable] {
        let names = Set(rules.compactMap(\.conditions.hours?.zone))
        return zones.filter { names.contains($0.key) }
    }

    /// Whether any rule lets either reach the other on anything, whatever its conditions: whether each may know that the
    /// other exists.
    ///
    /// To ask this of many pairs, keep one `RuleRoles` a node and compare those.
    package func mayTalk(_ first: Principal, _ second: Principal) -> Bool {
        rules.contains { rule in
            !rule.allow.isEmpty
                && (rule.names(source: first) && rule.names(destination: second)
                    || rule.names(source: second) && rule.names(destination: first))
        }
    }
}
