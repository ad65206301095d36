internal import Glibc
package import LinuxNetwork
internal import Synchronization

//  0        8        16        24
//  ├ table ─┼ told ──┼ limited ┤   64 bits each, as this machine writes them

/// How much of what the filter's table has counted is told, or lies on the disk: kept for the agent that comes after one that
/// was killed.
///
/// `told` is of the packets that were logged, `limited` of those that were left out of the log; what this agent holds in
/// memory alone is in neither. Below zero, they are of tables before: so many more are to be told. Table 0 is none. The file is
/// as old as the last packets that were read. A disk that refuses it costs exactness.
package final class ToldAttempts: Sendable {
    package static let fileName = "attempts-told"

    /// What nobody was told.
    package struct Untold: Hashable, Sendable {
        /// Logged, and read by nobody.
        package var unattended = 0
        /// Left out of the log by tables that are gone.
        package var limited = 0
        /// Of what the table that is there has left out, so many were told.
        package var toldLimited = 0

        package init(unattended: Int = 0, limited: Int = 0, toldLimited: Int = 0) {
            (self.unattended, self.limited, self.toldLimited) = (unattended, limited, toldLimited)
        }
    }

    private struct State {
        var written: [Int64]
        /// Of this table this agent, or those before it, have accounted for so many packets, told or not.
        var table: UInt64
        var accounted: Int
        var limited: Int
    }

    private let state: Mutex<State>
    private let descriptor: Int32

    /// More than any table has counted.
    private static let most = 1 << 60

    /// Errors: `system`.
    package init(in directory: StateDirectory) throws(StateError) {
        let path = directory.location(of: Self.fileName)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        var found: [Int64] = [0, 0, 0]
        let count = found.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        if count != 24 { found = [0, 0, 0] }
        let numbers = found.dropFirst().map { max(-Self.most, min(Int($0), Self.most)) }
        state = Mutex(
            State(
                written: found, table: UInt64(bitPattern: found[0]), accounted: numbers[0], limited: numbers[1]))
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// What the table that is there has counted and nobody was told: from here on all of it is accounted for. What is known of
    /// another table says nothing of this one, but of those before both it may. Without a table (nil) there is only that.
    package func takeOver(_ count: LogCount?) -> Untold {
        state.withLock { state in
            let isKnown = count.map { $0.table == state.table } ?? false
            let told = isKnown ? state.accounted : min(state.accounted, 0)
            let limited = isKnown ? state.limited : min(state.limited, 0)
            if let count {
                (state.table, state.accounted, state.limited) = (count.table, count.logged, max(limited, 0))
            } else {
                (state.accounted, state.limited) = (max(state.accounted, 0), max(state.limited, 0))
            }
            return Untold(
                unattended: max(0, clampedDifference(count?.logged ?? 0, told)), limited: max(0, -limited),
                toldLimited: max(0, limited))
        }
    }

    /// What is known is of that table.
    package func knows(_ table: UInt64) -> Bool { state.withLock { $0.table == table } }

    /// The table was removed.
    package func tableIsGone() { state.withLock { ($0.table, $0.accounted, $0.limited) = (0, 0, 0) } }

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

    /// Brings the file up to date. `held` of what was logged, and `limited` of what was left out, are in memory alone. False
    /// when the disk refuses it.
    @discardableResult
    package func write(held: Int, limited: Int) -> Bool {
        state.withLock { state in
            let next = [
                Int64(bitPattern: state.table), Int64(clamping: clampedDifference(state.accounted, held)),
                Int64(clamping: clampedDifference(state.limited, limited)),
            ]
            guard next != state.written else { return true }
            let count = next.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 24 { state.written = next }
            return count == 24
        }
    }

    private func clampedDifference(_ left: Int, _ right: Int) -> Int {
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return overflow ? 0 : difference
    }
}
