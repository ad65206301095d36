internal import NetworkAddresses

/// The members of our nftables sets, each with the second at which it ends (nil: never).
///
/// Grants are those of peers. Equal keys are one member that lives as long as the longest; overlapping port ranges of one source and protocol are
/// cut into disjoint ones, as an interval set refuses overlaps.
struct FilterElements: Hashable, Sendable {
    typealias Members = [String: Int?]

    /// By the set's name, all of `Self.setNames`.
    private(set) var sets: [String: Members]

    static let exactSets = [
        "peer4", "peer6", "port4", "port6", "any4", "any6", "ping4", "ping6", "to_port4", "to_port6", "to_any4",
        "to_any6", "to_ping4", "to_ping6",
    ]
    static let intervalSets = ["range4", "range6", "to_range4", "to_range6"]
    static let setNames = exactSets + intervalSets

    init(_ ruleSet: FilterRuleSet) {
        sets = Dictionary(uniqueKeysWithValues: Self.setNames.map { ($0, Members()) })
        for peer in ruleSet.peers {
            sets["peer\(peer.suffix)", default: [:]].updateValue(ruleSet.peerEnds[peer], forKey: "\(peer)")
        }
        add(ruleSet.grants.compactMap { Self.living($0, with: ruleSet) }, to: "")
        add(ruleSet.egress.compactMap { Self.living($0, with: ruleSet) }, to: "to_")
    }

    /// An answer, of this node or to it, is asked for its grant, not for its peer: no grant outlives its peer.
    private static func living(_ grant: FilterGrant, with ruleSet: FilterRuleSet) -> FilterGrant? {
        guard ruleSet.peers.contains(grant.source) else { return nil }
        guard let end = ruleSet.peerEnds[grant.source], end < grant.expiresAt else { return grant }
        return FilterGrant(source: grant.source, traffic: grant.traffic, expiresAt: end)
    }

    private mutating func add(_ grants: [FilterGrant], to sets: String) {
        var ranges: [Source: [(ports: ClosedRange<UInt16>, expiresAt: Int)]] = [:]
        for grant in grants {
            switch grant.traffic {
            case .any: add("\(grant.source)", to: "\(sets)any\(grant.source.suffix)", until: grant.expiresAt)
            case .icmp: add("\(grant.source)", to: "\(sets)ping\(grant.source.suffix)", until: grant.expiresAt)
            case .tcp(let ports), .udp(let ports):
                let source = Source(address: grant.source, protocolNumber: grant.traffic.protocolNumber)
                if ports.count == 1 {
                    add(source.key(ports), to: "\(sets)port\(grant.source.suffix)", until: grant.expiresAt)
                } else {
                    ranges[source, default: []].append((ports, grant.expiresAt))
                }
            }
        }
        for (source, found) in ranges {
            for piece in Self.disjoint(found) {
                add(source.key(piece.ports), to: "\(sets)range\(source.address.suffix)", until: piece.expiresAt)
            }
        }
    }

    /// Without the members that have ended.
    func living(at now: Int) -> FilterElements {
        var result = self
        result.sets = sets.mapValues { members in members.filter { $0.value.map { $0 > now } ?? true } }
        return result
    }

    /// How many ranges an interval set has at most: overlapping ones are cut at each other's bounds.
    static func largestCount(of intervalSet: String, in ruleSet: FilterRuleSet) -> Int {
        let grants = intervalSet.hasPrefix("to_") ? ruleSet.egress : ruleSet.grants
        return 2 * grants.count { $0.traffic.isRange && intervalSet.hasSuffix($0.source.suffix) }
    }

    var count: Int { sets.values.reduce(0) { $0 + $1.count } }

    private struct Source: Hashable {
        let address: IPAddress
        let protocolNumber: UInt8

        func key(_ ports: ClosedRange<UInt16>) -> String {
            let text = ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
            return "\(address) . \(protocolNumber) . \(text)"
        }
    }

    private mutating func add(_ key: String, to set: String, until expiresAt: Int) {
        let known = sets[set]?[key] ?? nil
        sets[set, default: [:]].updateValue(max(known ?? expiresAt, expiresAt), forKey: key)
    }

    /// Cuts at every bound; each piece lives as long as the longest range over it; equal neighbours are joined.
    private static func disjoint(
        _ ranges: [(ports: ClosedRange<UInt16>, expiresAt: Int)]
    ) -> [(ports: ClosedRange<UInt16>, expiresAt: Int)] {
        let cuts = Set(ranges.flatMap { [Int($0.ports.lowerBound), Int($0.ports.upperBound) + 1] }).sorted()
        var pieces: [(ports: ClosedRange<UInt16>, expiresAt: Int)] = []
        for (start, next) in zip(cuts, cuts.dropFirst()) {
            let lower = UInt16(clamping: start)
            let upper = UInt16(clamping: next - 1)
            guard let end = ranges.filter({ $0.ports.contains(lower) }).map(\.expiresAt).max() else { continue }
            if let last = pieces.last, Int(last.ports.upperBound) + 1 == start, last.expiresAt == end {
                pieces[pieces.count - 1].ports = last.ports.lowerBound...upper
            } else {
                pieces.append((lower...upper, end))
            }
        }
        return pieces
    }
}

extension FilterGrant.Traffic {
    fileprivate var isRange: Bool {
        switch self {
        case .tcp(let ports), .udp(let ports): ports.count > 1
        case .any, .icmp: false
        }
    }

    fileprivate var protocolNumber: UInt8 {
        switch self {
        case .tcp: TransportProtocol.tcp.number(v4: true)
        default: TransportProtocol.udp.number(v4: true)
        }
    }
}

extension IPAddress {
    fileprivate var suffix: String { isV4 ? "4" : "6" }
}
