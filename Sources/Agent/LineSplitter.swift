/// Cuts a byte stream at its line feeds; holds at most one unfinished line.
package struct LineSplitter: Sendable {
    private let maximumBytes: Int
    private var partial: [UInt8] = []

    package init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// The lines that are complete now, without their ends; empty lines are passed over.
    /// Errors: `malformed` when a line is longer than the limit.
    package mutating func split(_ bytes: [UInt8]) throws(ControlError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = partial + rest[..<end]
            partial = []
            rest = rest[(end + 1)...]
            guard line.count <= maximumBytes else { throw .malformed("netmap line of bearable length") }
            if !line.isEmpty { lines.append(line) }
        }
        partial += rest
        guard partial.count <= maximumBytes else { throw .malformed("netmap line of bearable length") }
        return lines
    }
}
