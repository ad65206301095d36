internal import CLinux
@preconcurrency internal import Dispatch
internal import Glibc

/// A descriptor that can be read once the wall clock has been set or the machine has slept, and each time again.
///
/// Slewing does not count. Source: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET.
struct ClockAlarm: ~Copyable, Sendable {
    let descriptor: FileDescriptor

    init() throws(LinuxNetworkError) {
        descriptor = try FileDescriptor(ztna_clock_alarm(), from: "timerfd_create")
    }

    /// From now on it tells of the next time.
    borrowing func clear() { Self.clear(descriptor.number) }

    static func clear(_ number: Int32) {
        var expirations: UInt64 = 0
        _ = read(number, &expirations, MemoryLayout.size(ofValue: expirations))
    }
}

/// Tells at once when the wall clock was set or the machine woke.
package final class ClockChanges: Sendable {
    /// For one reader.
    package let changes: AsyncStream<Void>
    private let source: any DispatchSourceRead

    package init() throws(LinuxNetworkError) {
        let number = ztna_clock_alarm()
        guard number >= 0 else { throw .system(call: "timerfd_create", errno: Errno.last) }
        let (changes, tell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.changes = changes
        source = DispatchSource.makeReadSource(fileDescriptor: number, queue: .global())
        source.setEventHandler {
            ClockAlarm.clear(number)
            tell.yield()
        }
        source.setCancelHandler {
            close(number)
            tell.finish()
        }
        source.activate()
    }

    deinit { source.cancel() }
}
