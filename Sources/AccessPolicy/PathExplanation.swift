package import Identity
internal import NetworkAddresses

/// What one source may open at one destination now, and why: the answer to `why`.
package struct PathExplanation: Hashable, Sendable {
    package let source: Principal
    package let destination: Principal
    /// Nil: the question was about any.
    package let service: Service?
    /// All that is allowed now, of the service that was asked about or of all.
    package let grants: [Grant]
    package let isAllowed: Bool
    /// The decision about one attempt that stands for all: of the service, or of what comes nearest.
    package let decision: Decision
    /// Empty when it is allowed.
    package let near: [NearMiss]
    /// How the deciding rule came to name the source; nil when none decided.
    package let chain: AccessChain?
    /// When what is allowed ends, or what is refused may open, by time alone.
    package let endsAt: Int?
    package let opensAt: Int?
    /// It is refused, and a renewed sign-in with MFA would change that.
    package let isCuredByStepUp: Bool
    /// Whether any rule connects the two: only then may either know anything of the other.
    package let mayTalk: Bool

    /// Both are in the local groups already; `sources` says where the source's groups come from.
    package init(
        policy: Policy, source: Principal, destination: Principal, service: Service?, context: Context,
        sources: [GroupName: [String]], now: Int
    ) {
        self.source = source
        self.destination = destination
        self.service = service
        mayTalk = policy.mayTalk(source, destination)
        // There may be many attempts to decide, and what is told of their decisions needs no other rules.
        let policy = policy.concerning(source, destination, others: Self.told)
        let all = policy.grants(from: source, to: destination, context: context, now: now)
        grants = all.list.filter { grant in service.map { grant.service.meets($0) } ?? true }
        isAllowed =
            service.map { PortSets([$0]).subtracting(PortSets(all.list.map(\.service))).isEmpty } ?? !grants.isEmpty
        let decisions = Self.attempts(policy, source, destination, service).map { transport, port in
            policy.decide(
                source: source, destination: destination, protocol: transport, port: port, context: context, now: now)
        }
        let (allowed, isAllowed) = (decisions.first(where: \.isAllowed), self.isAllowed)
        let refused = decisions.filter { !$0.isAllowed }
        let nearest = refused.first(where: \.isCuredByStepUp) ?? refused.min { Self.distance($0) < Self.distance($1) }
        let fallback = policy.decide(
            source: source, destination: destination, protocol: .tcp, port: nil, context: context, now: now)
        decision = (isAllowed ? allowed ?? nearest : nearest ?? allowed) ?? fallback
        near = isAllowed ? [] : Array(decision.nearMisses.prefix(Self.told))
        let rule = decision.rule.flatMap { name in policy.rules.first { $0.name == name } }
        chain = rule.flatMap { AccessChain(of: source, in: $0.sources, sources: sources, policy: policy) }
        endsAt = isAllowed ? grants.compactMap(\.endsAt).min() : nil
        opensAt = isAllowed ? nil : decision.mayChangeAt
        isCuredByStepUp = !isAllowed && refused.contains(where: \.isCuredByStepUp)
    }

    /// So many rules that came near are told of.
    private static let told = 8

    /// One attempt for each service at hand: the one asked about, or those of the rules for the two.
    private static func attempts(
        _ policy: Policy, _ source: Principal, _ destination: Principal, _ service: Service?
    ) -> [(TransportProtocol, UInt16?)] {
        let rules = policy.rules.filter { $0.names(source: source) && $0.names(destination: destination) }
        let services = service.map { [$0] } ?? rules.flatMap(\.allow)
        var seen: Set<Service> = []
        return services.filter { seen.insert($0).inserted }.prefix(64).flatMap { service in
            guard let transport = service.protocol else {
                return TransportProtocol.allCases.map { ($0, UInt16?.none) }
            }
            guard let ports = service.ports else { return [(transport, UInt16?.none)] }
            // Of a range the first port, and the first of each part that a rule treats by itself.
            let bounds = rules.flatMap(\.allow).filter { $0.protocol == transport }.compactMap(\.ports).flatMap {
                [$0.lowerBound, $0.upperBound == .max ? $0.upperBound : $0.upperBound + 1]
            }
            return Set([ports.lowerBound] + bounds.filter(ports.contains)).sorted().prefix(64).map { (transport, $0) }
        }
    }

    private static func distance(_ decision: Decision) -> Int {
        switch decision.nearMisses.first {
        case .conditionsNotMet: 0
        case .ruleForOtherService: 1
        case .ruleForOtherDestination: 2
        case .noRuleNamesSource, nil: 3
        }
    }
}

extension NearMiss {
    /// The rule that came near.
    package var rule: RuleName? {
        switch self {
        case .noRuleNamesSource: nil
        case .ruleForOtherDestination(let rule, _), .ruleForOtherService(let rule, _), .conditionsNotMet(let rule, _):
            rule
        }
    }

    /// Why it does not allow, without the rule's name.
    package func reason(now: Int) -> String {
        switch self {
        case .noRuleNamesSource: "no rule names you, your groups or this device"
        case .ruleForOtherDestination(_, let selectors):
            "is only for \(selectors.prefix(8).map(\.text).joined(separator: ", "))"
        case .ruleForOtherService(_, let services):
            "allows only \(services.prefix(8).map(\.text).joined(separator: ", ")) there"
        case .conditionsNotMet(_, let failures):
            failures.prefix(4).map { $0.words(now: now) }.joined(separator: "; ")
        }
    }

    /// What the person can do about it; nil when only an administrator can.
    package var remedy: String? {
        guard case .conditionsNotMet(_, let failures) = self else { return nil }
        var remedies: [String] = []
        for failure in failures where !remedies.contains(failure.remedy) { remedies.append(failure.remedy) }
        return remedies.prefix(4).joined(separator: " ")
    }
}

extension Service {
    /// Whether some attempt is allowed by both.
    package func meets(_ other: Service) -> Bool {
        guard let `protocol`, let theirs = other.protocol else { return true }
        guard `protocol` == theirs else { return false }
        guard let ports, let others = other.ports else { return true }
        return ports.overlaps(others)
    }
}
