import Glibc
import Synchronization

/// Seconds on one of the system's clocks.
enum Clocks {
    /// CPU time of all threads of this process, user and system.
    static var process: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
    /// CPU time of the calling thread.
    static var thread: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }
    static var wall: Double { seconds(CLOCK_MONOTONIC) }

    /// Whole seconds since the epoch.
    static var epoch: Int { time(nil) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// What a piece of work took.
struct Spent {
    var cpu: Double
    var wall: Double

    static func on(_ work: () async throws -> Void) async rethrows -> Spent {
        let (cpu, wall) = (Clocks.process, Clocks.wall)
        try await work()
        return Spent(cpu: Clocks.process - cpu, wall: Clocks.wall - wall)
    }
}

/// The server's clock, which can be put forward: so a limit of so many requests a second does not slow a bench down.
final class LeapingClock: Sendable {
    private let ahead = Atomic(0)

    var now: Int { Clocks.epoch + ahead.load(ordering: .relaxed) }

    func leap(seconds: Int) { ahead.add(seconds, ordering: .relaxed) }
}
