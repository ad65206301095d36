internal import NetworkAddresses

/// Services as sets of ports, so that they can be compared exactly. Port 0, which nothing can be reached on, is in none.
struct PortSets: Hashable {
    /// Disjoint, ascending, with gaps between; the ports of each protocol behind those of the one before.
    private var ranges: [ClosedRange<Int>] = []

    init() {}

    init(_ services: some Sequence<Service>) {
        var list: [ClosedRange<Int>] = []
        for service in services {
            for (place, transport) in TransportProtocol.allCases.enumerated()
            where service.protocol ?? transport == transport {
                let ports = service.ports.map { Int($0.lowerBound)...Int($0.upperBound) } ?? Self.whole
                list.append(place * Self.width + ports.lowerBound...place * Self.width + ports.upperBound)
            }
        }
        ranges = Self.joined(list)
    }

    private static var whole: ClosedRange<Int> { 1...65_535 }
    private static var everything: [ClosedRange<Int>] {
        TransportProtocol.allCases.indices.map { $0 * width + 1...$0 * width + 65_535 }
    }
    /// Leaves a gap between protocols: no range of one continues in the next.
    private static var width: Int { 1 << 17 }

    var isEmpty: Bool { ranges.isEmpty }

    /// Of all protocols, in an order of their own; beyond all ports when there are none.
    var lowest: Int { ranges.first?.lowerBound ?? .max }
    var highest: Int { ranges.last?.upperBound ?? .min }

    /// What a policy writes as one service each.
    var pieces: [PortSets] {
        ranges.count == 1 || ranges == Self.everything ? [self] : ranges.map(PortSets.init)
    }

    private init(_ range: ClosedRange<Int>) { ranges = [range] }

    static func union(_ sets: [PortSets]) -> PortSets {
        var result = PortSets()
        result.ranges = joined(sets.flatMap(\.ranges))
        return result
    }

    func overlaps(_ other: PortSets) -> Bool {
        ranges.contains { range in other.ranges.contains { $0.overlaps(range) } }
    }

    func subtracting(_ other: PortSets) -> PortSets {
        var left = ranges
        for hole in other.ranges where left.contains(where: { $0.overlaps(hole) }) {
            left = left.flatMap { Self.minus($0, hole) }
        }
        var result = PortSets()
        result.ranges = left
        return result
    }

    func common(with other: PortSets) -> PortSets { subtracting(subtracting(other)) }

    /// As a policy writes them.
    var texts: [String] {
        if ranges == Self.everything { return ["any"] }
        let transports = TransportProtocol.allCases
        return ranges.map { range in
            let transport = transports[range.lowerBound / Self.width].rawValue
            let (first, last) = (range.lowerBound % Self.width, range.upperBound % Self.width)
            if first...last == Self.whole { return transport }
            return first == last ? "\(transport)/\(first)" : "\(transport)/\(first)-\(last)"
        }
    }

    private static func joined(_ list: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
        var result: [ClosedRange<Int>] = []
        for range in list.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    private static func minus(_ range: ClosedRange<Int>, _ hole: ClosedRange<Int>) -> [ClosedRange<Int>] {
        guard range.overlaps(hole) else { return [range] }
        var left: [ClosedRange<Int>] = []
        if range.lowerBound < hole.lowerBound { left.append(range.lowerBound...hole.lowerBound - 1) }
        if range.upperBound > hole.upperBound { left.append(hole.upperBound + 1...range.upperBound) }
        return left
    }
}
