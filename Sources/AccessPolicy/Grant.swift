package import Identity
internal import NetworkAddresses

/// One thing a source may open at a destination, until when, and the rule that says so.
package struct Grant: Hashable, Sendable {
    package let service: Service
    /// The first rule that allows it now.
    package let rule: RuleName
    /// When no rule allows it any more, with the same facts: seconds since the epoch; nil: not by time alone.
    package let endsAt: Int?

    package init(service: Service, rule: RuleName, endsAt: Int?) {
        self.service = service
        self.rule = rule
        self.endsAt = endsAt
    }
}

/// All that one source may open at one destination at one moment.
package struct Grants: Hashable, Sendable {
    /// Without repetition: the port ranges of each protocol, ascending; whole protocols; `any`. Port ranges of one protocol
    /// are disjoint. The first grant that includes an attempt names the same rule as `decide`; without one `decide` refuses.
    package let list: [Grant]
    /// When a rule that does not hold now begins to, by time alone.
    package let nextOpening: Int?
}

extension Policy {
    package func grants(
        from source: Principal, to destination: Principal, context: Context = .unknown, now: Int
    ) -> Grants {
        var holding: [HoldingRule] = []
        var opening: Int?
        for rule in rules
        where !rule.allow.isEmpty && rule.names(source: source) && rule.names(destination: destination) {
            switch rule.conditions.outcome(for: context, at: now, zones: zones) {
            case .holds(let end): holding.append(HoldingRule(name: rule.name, allow: rule.allow, end: end))
            case .fails(_, let moment): opening = [opening, moment].compactMap(\.self).min()
            }
        }
        return Grants(list: GrantCompiler(holding).grants(), nextOpening: opening)
    }
}

/// A rule for the pair whose conditions hold.
struct HoldingRule {
    let name: RuleName
    let allow: [Service]
    /// Nil: not by time alone.
    let end: Int?
}

/// Makes grants of rules: what several rules allow ends when the last of them does, and is the first one's.
struct GrantCompiler {
    /// The first of some rules, and the latest end of all.
    private struct Cover: Equatable {
        let rule: Int
        var end: Int

        static let never = Int.max

        mutating func add(_ other: Cover) { end = max(end, other.end) }

        /// Whether what this one says is said by a wider one already.
        func isWithin(_ wider: Cover?) -> Bool { wider.map { $0.rule == rule && $0.end >= end } ?? false }
    }

    private let rules: [HoldingRule]
    private var everything: Cover?
    private var whole: [TransportProtocol: Cover] = [:]
    private var ranges: [TransportProtocol: [(ports: ClosedRange<UInt16>, cover: Cover)]] = [:]

    init(_ rules: [HoldingRule]) {
        self.rules = rules
        for (index, rule) in rules.enumerated() {
            let cover = Cover(rule: index, end: rule.end ?? Cover.never)
            for service in rule.allow {
                guard let transport = service.protocol else {
                    Self.add(cover, to: &everything)
                    continue
                }
                if let ports = service.ports {
                    ranges[transport, default: []].append((ports, cover))
                } else {
                    Self.add(cover, to: &whole[transport])
                }
            }
        }
    }

    private static func add(_ cover: Cover, to known: inout Cover?) {
        if known == nil { known = cover } else { known?.add(cover) }
    }

    func grants() -> [Grant] {
        var grants: [Grant] = []
        for transport in TransportProtocol.allCases {
            let wider = Self.first(whole[transport], everything)
            for segment in segments(of: transport) {
                let cover = Self.first(segment.cover, wider) ?? segment.cover
                guard !cover.isWithin(wider) else { continue }
                grants.append(grant(Service(protocol: transport, ports: segment.ports), cover))
            }
        }
        grants = merged(grants)
        for transport in TransportProtocol.allCases {
            guard let own = whole[transport], let cover = Self.first(own, everything), !cover.isWithin(everything)
            else {
                continue
            }
            grants.append(grant(Service(protocol: transport, ports: nil), cover))
        }
        if let everything { grants.append(grant(.any, everything)) }
        return grants
    }

    private func grant(_ service: Service, _ cover: Cover) -> Grant {
        Grant(service: service, rule: rules[cover.rule].name, endsAt: cover.end == Cover.never ? nil : cover.end)
    }

    /// Both together: the earlier rule, the later end.
    private static func first(_ left: Cover?, _ right: Cover?) -> Cover? {
        guard let left, let right else { return left ?? right }
        return Cover(rule: min(left.rule, right.rule), end: max(left.end, right.end))
    }

    /// Disjoint, ascending: between two neighbouring bounds the same ranges cover every port.
    private func segments(of transport: TransportProtocol) -> [(ports: ClosedRange<UInt16>, cover: Cover)] {
        let list = ranges[transport] ?? []
        if list.count == 1, let only = list.first { return [only] }
        var bounds: Set<Int> = []
        for range in list { bounds.formUnion([Int(range.ports.lowerBound), Int(range.ports.upperBound) + 1]) }
        let ordered = bounds.sorted()
        return zip(ordered, ordered.dropFirst()).compactMap { lower, next in
            guard let first = UInt16(exactly: lower), let last = UInt16(exactly: next - 1) else { return nil }
            var cover: Cover?
            for range in list where range.ports.contains(first) { Self.add(range.cover, to: &cover) }
            return cover.map { (first...last, $0) }
        }
    }

    /// Joins neighbours that say the same.
    private func merged(_ list: [Grant]) -> [Grant] {
        var result: [Grant] = []
        for grant in list {
            if let last = result.last, last.rule == grant.rule, last.endsAt == grant.endsAt,
                last.service.protocol == grant.service.protocol, let before = last.service.ports,
                let ports = grant.service.ports, Int(before.upperBound) + 1 == Int(ports.lowerBound)
            {
                result[result.count - 1] = Grant(
                    service: Service(protocol: grant.service.protocol, ports: before.lowerBound...ports.upperBound),
                    rule: grant.rule, endsAt: grant.endsAt)
            } else {
                result.append(grant)
            }
        }
        return result
    }
}
