internal import NetworkAddresses

/// Services as sets of ports, so that they can be compared exactly. Port 0, which nothing can be reached on, is in none.
struct PortSets: Hashable {
    /// Disjoint, ascending, with gaps between.
    private var ranges: [TransportProtocol: [ClosedRange<Int>]] = [:]

    init() {}

    init(_ services: some Sequence<Service>) {
        for service in services {
            for transport in TransportProtocol.allCases where service.protocol ?? transport == transport {
                let ports = service.ports.map { Int($0.lowerBound)...Int($0.upperBound) } ?? Self.whole
                ranges[transport, default: []].append(ports)
            }
        }
        for (transport, list) in ranges { ranges[transport] = Self.joined(list) }
    }

    private static var whole: ClosedRange<Int> { 1...65_535 }

    var isEmpty: Bool { ranges.isEmpty }

    func subtracting(_ other: PortSets) -> PortSets {
        var result = PortSets()
        for (transport, list) in ranges {
            var left = list
            for hole in other.ranges[transport] ?? [] { left = left.flatMap { Self.minus($0, hole) } }
            if !left.isEmpty { result.ranges[transport] = left }
        }
        return result
    }

    /// As a policy writes them.
    var texts: [String] {
        if TransportProtocol.allCases.allSatisfy({ ranges[$0] == [Self.whole] }) { return ["any"] }
        return TransportProtocol.allCases.flatMap { transport in
            (ranges[transport] ?? []).map { range in
                if range == Self.whole { return transport.rawValue }
                return range.count == 1
                    ? "\(transport.rawValue)/\(range.lowerBound)"
                    : "\(transport.rawValue)/\(range.lowerBound)-\(range.upperBound)"
            }
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
