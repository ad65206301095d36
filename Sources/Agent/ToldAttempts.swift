internal import Glibc
package import LinuxNetwork
internal import Synchronization

//  0        8        16        24
//  ├ table ─┼ told ──┼ limited ┤   64 bits each, as this machine writes them

/// How much of what the filter's table has counted is told, or lies on the disk: kept for the agent that comes after one that
/// was killed.
///
/// `told` is of the packets that were logged, `limited` of those that were left out of the log; what this agent holds in
/// memory alone is in neither. The file is as old as the last packets that were read. A disk that refuses it costs exactness.
package final class ToldAttempts: Sendable {
    package static let fileName = "attempts-told"

    private struct State {
        var written: [Int64]
        /// Of this table this agent has accounted for so many packets, told or not.
        var table: UInt64 = 0
        var accounted = 0
        var limited = 0
    }

    private let state: Mutex<State>
    private let descriptor: Int32

    /// Errors: `system`.
    package init(in directory: StateDirectory) throws(StateError) {
        let path = directory.location(of: Self.fileName)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        var found: [Int64] = [0, 0, 0]
        let count = found.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        state = Mutex(State(written: count == 24 ? found : [0, 0, 0]))
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Packets that the table has counted and this agent has not: from here on all of them are accounted for. What the file
    /// says of another table says nothing of this one.
    package func takeOver(_ count: LogCount) -> (unattended: Int, limited: Int) {
        state.withLock { state in
            let isKnown = state.written[0] == Int64(bitPattern: count.table)
            let told = isKnown ? Int(clamping: state.written[1]) : 0
            let limited = isKnown ? Int(clamping: state.written[2]) : 0
            (state.table, state.accounted, state.limited) = (count.table, count.logged, limited)
            return (max(0, clampedDifference(count.logged, told)), max(0, limited))
        }
    }

    /// One packet was read, or is known to be lost.
    package func add(_ packets: Int) { state.withLock { $0.accounted &+= packets } }

    package var accounted: Int { state.withLock { $0.accounted } }

    /// `count` was taken after `accounted` was read as `before`. A table that has taken the place of another has told this
    /// agent all; and no table has told more than it has counted, as when what was lost was of flows that leave.
    package func follow(_ count: LogCount, before: Int) {
        state.withLock { state in
            if state.table != count.table {
                (state.table, state.accounted) = (count.table, count.logged)
            } else if before > count.logged {
                state.accounted -= before - count.logged
            }
            state.limited = count.unlogged
        }
    }

    /// Brings the file up to date. `held` of what was logged, and `limited` of what was left out, are in memory alone.
    package func write(held: Int, limited: Int) {
        state.withLock { state in
            let next = [
                Int64(bitPattern: state.table), Int64(clamping: clampedDifference(state.accounted, held)),
                Int64(clamping: clampedDifference(state.limited, limited)),
            ]
            guard next != state.written else { return }
            let count = next.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 24 { state.written = next }
        }
    }

    private func clampedDifference(_ left: Int, _ right: Int) -> Int {
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return overflow ? 0 : difference
    }
}
