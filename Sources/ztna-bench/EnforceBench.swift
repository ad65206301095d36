import Agent
import ArgumentParser
import Foundation
import LinuxNetwork

/// What enforcement costs: throughput behind the filter, loading and changing it, its memory, and how many attempts a second
/// reach the disk. Needs root.
struct EnforceBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enforce", abstract: "Throughput, loading and memory of the packet filter, and attempts logged.")

    @Option(help: "Rounds of throughput, each with every filter.") var rounds = 20
    @Option(help: "Seconds of each measurement of throughput.") var seconds = 1.0
    @Option(help: "The WireGuard engine: one that wireguard-go's command line fits.")
    var engine = WireGuardProcess.defaultExecutable
    @Option(help: "The largest number of grants.") var grants = 100_000
    @OptionGroup var output: Output

    func validate() throws {
        guard rounds >= 1, seconds > 0.1, grants >= 100 else {
            throw ValidationError("--rounds: at least 1; --seconds: more than 0.1; --grants: at least 100")
        }
    }

    mutating func run() async throws {
        guard geteuid() == 0 else { throw ValidationError("this needs root: it makes network namespaces") }
        let (rows, notes) = try await throughput()
        let attempts = try await AttemptFlood.rows(seconds: max(seconds, 3))
        output.show(rows + (try filterRows()) + attempts.rows, notes: notes + [attempts.note])
    }

    private func throughput() async throws -> (rows: [Row], notes: [String]) {
        let mesh = try await EnforceMesh(engine: engine)
        // The first again, to see what two measurements of the same differ by.
        let variants: [EnforceMesh.Variant] = [
            .none, .lookups(10), .lookups(grants / 10), .lookups(grants), .shortcut(grants), .trackingAlone, .none,
        ]
        var carried: [[EnforceMesh.Carried]] = variants.map { _ in [] }
        do {
            for round in 0..<rounds {
                // Each begins a round in turn, and none pays for the one before it.
                for index in variants.indices.map({ ($0 + round) % variants.count }) {
                    try await mesh.apply(variants[index])
                    try await Task.sleep(for: .milliseconds(300))
                    carried[index].append(try await mesh.carry(seconds: seconds))
                }
            }
        } catch {
            await mesh.stop()
            throw error
        }
        await mesh.stop()
        let rows = [
            ("TCP through WireGuard", "Mbit/s", \EnforceMesh.Carried.rate), ("the same", "Mbit/CPU-s", \.efficiency),
        ]
        .flatMap { title, unit, figure in
            Self.rows(title, unit, variants.map(\.name), carried.map { $0.map { $0[keyPath: figure] } })
        }
        return (
            rows,
            [
                "throughput: \(rounds) rounds of \(seconds) s each, one flow, \(engine) at both ends; filter and log on at "
                    + "both; the ratio is the median of the rounds' ratios; CPU time is that of both engines, sender and receiver"
            ]
        )
    }

    /// Of each but the first, against it.
    private static func rows(_ title: String, _ unit: String, _ names: [String], _ figures: [[Double]]) -> [Row] {
        let free = median(figures[0])
        return names.indices.dropFirst().map { index in
            // Round by round, so that what the machine does besides cancels out.
            let ratio = median(zip(figures[index], figures[0]).map { $0 / $1 })
            return Row(
                name: "\(title), \(names[index])", value: ratio * free, unit: unit, reference: names[0],
                referenceValue: free)
        }
    }

    /// In a process and a namespace of its own, so that memory is only that.
    private func filterRows() throws -> [Row] {
        let text = try BenchNamespace("f").run(["filter-figures", "--grants", "\(grants)"])
        return try FilterFigures.rows(of: text, grants: grants)
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
