package import Identity
import NetworkAddresses

/// One thing a source may open at a destination, and the rule that says so.
package struct Grant: Hashable, Sendable {
    package let service: Service
    package let rule: RuleName

    package init(service: Service, rule: RuleName) {
        self.service = service
        self.rule = rule
    }
}

extension Policy {
    /// All that one source may open at one destination, without repetition.
    ///
    /// Order: the port ranges of each protocol, ascending; whole protocols; `any`. Port ranges of one protocol are
    /// disjoint, and neighbours of the same rule are one. The first grant that includes an attempt names the same rule
    /// as `decide`; without one `decide` refuses.
    package func grants(from source: Principal, to destination: Principal) -> [Grant] {
        var ranges: [TransportProtocol: [PortGrant]] = [:]
        var whole: [TransportProtocol: RuleName] = [:]
        var everything: RuleName?
        for rule in rules where rule.names(source: source) && rule.names(destination: destination) {
            // Within one rule the order is irrelevant to `decide`, so the narrow services go first: they are kept
            // only if nothing wider stands beside them.
            if rule.allow.contains(.any) {
                everything = rule.name
                break
            }
            for service in rule.allow where service.ports == nil {
                if let transport = service.protocol, whole[transport] == nil { whole[transport] = rule.name }
            }
            for service in rule.allow {
                guard let transport = service.protocol, let ports = service.ports, whole[transport] == nil else {
                    continue
                }
                PortGrant.add(ports, rule: rule.name, to: &ranges[transport, default: []])
            }
        }
        var grants: [Grant] = []
        for transport in TransportProtocol.allCases {
            grants += PortGrant.merged(ranges[transport] ?? []).map {
                Grant(service: Service(protocol: transport, ports: $0.ports), rule: $0.rule)
            }
        }
        for transport in TransportProtocol.allCases {
            guard let rule = whole[transport] else { continue }
            grants.append(Grant(service: Service(protocol: transport, ports: nil), rule: rule))
        }
        if let everything { grants.append(Grant(service: .any, rule: everything)) }
        return grants
    }
}

/// Some ports of one protocol, and the first rule that allows them.
private struct PortGrant {
    var ports: ClosedRange<UInt16>
    var rule: RuleName

    /// Adds what of `ports` no earlier rule has; `list` stays disjoint and ascending.
    static func add(_ ports: ClosedRange<UInt16>, rule: RuleName, to list: inout [PortGrant]) {
        var next = Int(ports.lowerBound)
        let end = Int(ports.upperBound)
        var gaps: [PortGrant] = []
        for taken in list where next <= end {
            let lower = Int(taken.ports.lowerBound)
            if lower > next { append(next...min(lower - 1, end), rule: rule, to: &gaps) }
            next = max(next, Int(taken.ports.upperBound) + 1)
        }
        if next <= end { append(next...end, rule: rule, to: &gaps) }
        list = (list + gaps).sorted { $0.ports.lowerBound < $1.ports.lowerBound }
    }

    /// Joins neighbours of one rule.
    static func merged(_ list: [PortGrant]) -> [PortGrant] {
        var result: [PortGrant] = []
        for grant in list {
            if let last = result.last, last.rule == grant.rule,
                Int(last.ports.upperBound) + 1 == Int(grant.ports.lowerBound)
            {
                result[result.count - 1].ports = last.ports.lowerBound...grant.ports.upperBound
            } else {
                result.append(grant)
            }
        }
        return result
    }

    private static func append(_ range: ClosedRange<Int>, rule: RuleName, to gaps: inout [PortGrant]) {
        guard let lower = UInt16(exactly: range.lowerBound), let upper = UInt16(exactly: range.upperBound) else {
            return
        }
        gaps.append(PortGrant(ports: lower...upper, rule: rule))
    }
}
