/// How long each of a number of equal things took, in seconds.
struct Latencies {
    private(set) var seconds: [Double] = []

    mutating func add(_ value: Double) { seconds.append(value) }
    mutating func add(contentsOf others: Latencies) { seconds += others.seconds }

    /// `part` 0.5 is the median. Zero when nothing was measured.
    func percentile(_ part: Double) -> Double {
        let sorted = seconds.sorted()
        guard let last = sorted.indices.last else { return 0 }
        return sorted[min(last, Int((Double(sorted.count) * part).rounded(.down)))]
    }

    var median: Double { percentile(0.5) }
    var p99: Double { percentile(0.99) }
    var sum: Double { seconds.reduce(0, +) }

    mutating func measure<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        let start = Clocks.wall
        let value = try await work()
        add(Clocks.wall - start)
        return value
    }

    static func of(_ rounds: Int, _ work: (Int) async throws -> Void) async rethrows -> Latencies {
        var latencies = Latencies()
        for round in 0..<rounds { try await latencies.measure { try await work(round) } }
        return latencies
    }
}
