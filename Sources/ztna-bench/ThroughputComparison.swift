import Foundation

/// What a flow carries behind each filter, against what it carries without one.
///
/// The rate of one flow varies by a sixth from one tenth of a second to the next, and the machine by as much over minutes.
/// So each measurement lies between two without a filter, and of each enough are made that the ratio has a narrow interval.
struct ThroughputComparison {
    private let variants: [EnforceMesh.Variant]
    /// Of each variant, the logarithm of its ratio to its neighbours, round by round.
    private var ratios: [Ratios]
    /// Without a filter, one measured after the other.
    private var free: [EnforceMesh.Carried] = []

    init(_ variants: [EnforceMesh.Variant]) {
        self.variants = variants
        ratios = variants.map { _ in Ratios() }
    }

    mutating func run(over mesh: EnforceMesh, rounds: Int, seconds: Double) async throws {
        var before = try await Self.carried(.none, by: mesh, seconds)
        free.append(before)
        for round in 0..<rounds {
            for index in variants.indices.map({ ($0 + round) % variants.count }) {
                let carried = try await Self.carried(variants[index], by: mesh, seconds)
                let after = try await Self.carried(.none, by: mesh, seconds)
                ratios[index].add(carried, between: before, after)
                free.append(after)
                before = after
            }
        }
    }

    private static func carried(
        _ variant: EnforceMesh.Variant, by mesh: EnforceMesh, _ seconds: Double
    ) async throws -> EnforceMesh.Carried {
        try await mesh.apply(variant)
        try await Task.sleep(for: .milliseconds(200))
        return try await mesh.carry(seconds: seconds)
    }

    var rows: [Row] {
        let all = named
        let rate = EnforceBench.median(free.map(\.rate))
        let efficiency = EnforceBench.median(free.map(\.efficiency))
        return all.map { Self.row("TCP through WireGuard", $0, $1.rate, of: rate, "Mbit/s") }
            + all.map { Self.row("the same", $0, $1.efficiency, of: efficiency, "Mbit/CPU-s") }
    }

    /// By the wall.
    var intervals: String {
        "95 % intervals of the ratios by the wall: "
            + named.map { name, ratios in "\(name): \(ratios.rate.interval)" }.joined(separator: "; ")
    }

    /// The last is no filter against itself: every other one between its two neighbours.
    private var named: [(String, Ratios)] {
        var again = Ratios()
        for index in stride(from: 1, to: free.count - 1, by: 2) {
            again.add(free[index], between: free[index - 1], free[index + 1])
        }
        return zip(variants.map(\.name), ratios) + [("no filter", again)]
    }

    private static func row(_ title: String, _ name: String, _ mean: LogMean, of free: Double, _ unit: String) -> Row {
        Row(
            name: "\(title), \(name)", value: mean.ratio * free, unit: unit, reference: EnforceMesh.Variant.none.name,
            referenceValue: free)
    }
}

/// One thing against another, measured again and again.
private struct Ratios {
    private(set) var rate = LogMean()
    private(set) var efficiency = LogMean()

    mutating func add(
        _ one: EnforceMesh.Carried, between before: EnforceMesh.Carried, _ after: EnforceMesh.Carried
    ) {
        rate.add(log(one.rate) - (log(before.rate) + log(after.rate)) / 2)
        efficiency.add(log(one.efficiency) - (log(before.efficiency) + log(after.efficiency)) / 2)
    }
}

/// The geometric mean of ratios: noise above and below it weighs the same.
private struct LogMean {
    private var count = 0.0
    private var sum = 0.0
    private var squares = 0.0

    mutating func add(_ logarithm: Double) {
        count += 1
        sum += logarithm
        squares += logarithm * logarithm
    }

    var ratio: Double { count > 0 ? exp(sum / count) : 0 }

    /// Of 95 %, by the ratios' own spread.
    var interval: String {
        guard count > 1 else { return "none" }
        let mean = sum / count
        let error = (max(squares / count - mean * mean, 0) / (count - 1)).squareRoot()
        return [-1.96, 1.96].map { String(format: "%.3f", exp(mean + $0 * error)) }.joined(separator: " to ")
    }
}
