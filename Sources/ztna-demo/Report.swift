import Glibc
import StrictJSON

/// Prints each step as it happens, with its duration, and keeps it for the one object of `--json`.
///
/// With `--json` the lines go to standard error, and standard output gets nothing but the object.
final class Report {
    private(set) var steps: [Step] = []
    private let json: Bool
    private let output: Int32
    private let isTerminal: Bool
    private let colours: Bool
    private let unicode: Bool

    init(json: Bool) {
        self.json = json
        output = json ? STDERR_FILENO : STDOUT_FILENO
        isTerminal = isatty(output) == 1
        colours = isTerminal && getenv("NO_COLOR") == nil
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(Self.variable).first { !$0.isEmpty } ?? ""
        unicode = locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    }

    var isOK: Bool { !steps.isEmpty && steps.allSatisfy(\.isOK) }

    /// Runs one step. What it throws is its failure, and ends the scenario.
    func step(
        _ name: String, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Finding
    ) async throws {
        if isTerminal { write("  \(unicode ? "·" : "-") \(name)") }
        let start = ContinuousClock.now
        do {
            let finding = try await work()
            finish(name, finding, isOK: true, since: start)
        } catch {
            let words = error is CancellationError ? "interrupted" : "\(error)"
            finish(name, Finding(words), isOK: false, since: start)
            throw error
        }
    }

    private func finish(_ name: String, _ finding: Finding, isOK: Bool, since start: ContinuousClock.Instant) {
        let milliseconds = finding.measured ?? Milliseconds.of(.now - start)
        let step = Step(
            name: name, isOK: isOK, isSkipped: finding.isSkipped, milliseconds: milliseconds, facts: finding.facts)
        steps.append(step)
        let indentation = String(repeating: " ", count: 32)
        let facts = step.facts.flatMap { $0.split(separator: "\n") }.joined(separator: "\n" + indentation)
        let padded = name + String(repeating: " ", count: max(1, 16 - name.count))
        write("\(isTerminal ? "\r" : "")  \(sign(step)) \(padded)\(Self.column(milliseconds))  \(facts)\n")
    }

    func note(_ lines: [String]) { write(lines.map { $0 + "\n" }.joined()) }

    /// The last words: a line for people, or the object for programs.
    func conclude() {
        guard json else {
            let failed = steps.filter { !$0.isOK }.map(\.name).joined(separator: ", ")
            return note(["", isOK ? "Every step did what it says." : "Failed: \(failed)."])
        }
        let object: JSON = ["ok": .bool(isOK), "steps": .array(steps.map(\.json))]
        Self.write(object.encodedText() + "\n", to: STDOUT_FILENO)
    }

    private func sign(_ step: Step) -> String {
        let sign =
            switch (step.isOK, step.isSkipped) {
            case (true, false): unicode ? "✓" : "ok  "
            case (true, true): unicode ? "–" : "skip"
            case (false, _): unicode ? "✗" : "FAIL"
            }
        return colours ? "\u{1B}[\(step.isOK ? 32 : 31)m\(sign)\u{1B}[0m" : sign
    }

    /// "   5,012 ms", right-aligned.
    private static func column(_ milliseconds: Int) -> String {
        let digits = String(milliseconds)
        let grouped = digits.count > 3 ? digits.dropLast(3) + "," + digits.suffix(3) : digits[...]
        return String(repeating: " ", count: max(0, 7 - grouped.count)) + grouped + " ms"
    }

    private func write(_ text: String) { Self.write(text, to: output) }

    /// Straight to the descriptor: a line is seen when it is written, also through a pipe.
    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
        }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

enum Milliseconds {
    static func of(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
