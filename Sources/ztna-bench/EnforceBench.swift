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
    @Flag(help: "Conntrack alone, and rules with a shortcut for what is established, as well.") var comparisons = false
    @Flag(help: "Leave it to the kernel which processor a node runs on; else each has one of its own.")
    var anyProcessor = false
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
        let apart = !anyProcessor && ProcessInfo.processInfo.activeProcessorCount > 1
        let mesh = try await EnforceMesh(engine: engine, apart: apart)
        var comparison = ThroughputComparison(
            [.lookups(10), .lookups(grants / 10), .lookups(grants)]
                + (comparisons ? [.shortcut(grants), .trackingAlone] : []))
        do {
            try await comparison.run(over: mesh, rounds: rounds, seconds: seconds)
        } catch {
            await mesh.stop()
            throw error
        }
        await mesh.stop()
        return (
            comparison.rows,
            [
                "throughput: \(rounds) rounds of \(seconds) s each, one flow, \(engine) at both ends, "
                    + (apart ? "each with its end of the flow on a processor of its own; " : "on any processor; ")
                    + "filter and log on at both; each is compared with no filter just before and just after, the ratio is "
                    + "the geometric mean of all; CPU time is that of both engines, sender and receiver",
                comparison.intervals,
            ]
        )
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
