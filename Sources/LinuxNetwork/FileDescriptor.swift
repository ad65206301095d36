internal import Glibc

/// An open descriptor, closed at the end of its life.
struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32

    init(_ number: Int32, from call: String) throws(LinuxNetworkError) {
        guard number >= 0 else { throw .system(call: call, errno: Errno.last) }
        self.number = number
    }

    deinit { close(number) }
}

/// The moment at which a wait ends, on the monotonic clock.
struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    init(after duration: Duration) { end = ContinuousClock.now + duration }

    var hasPassed: Bool { ContinuousClock.now >= end }

    /// What remains, rounded up and capped for poll(2).
    var milliseconds: Int32 {
        let left = end - ContinuousClock.now
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        return Int32(clamping: min(seconds, 3600) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// Waits until `descriptor` is ready for `events`.
    func wait(for descriptor: Int32, events: Int32, doing what: String) throws(LinuxNetworkError) {
        while true {
            var request = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
            let ready = poll(&request, 1, milliseconds)
            if ready > 0 { return }
            if ready < 0, Errno.last != EINTR { throw .system(call: "poll", errno: Errno.last) }
            if hasPassed { throw .timedOut(what) }
        }
    }
}
