internal import CLinux
internal import Glibc

//  an agent's message: real time · monotonic · boot time   Int64 each, nanoseconds, in this machine's order

/// What ends an engine whose packet filter can no longer keep time, with no agent there to correct it: runs in a process of its
/// own, beside the engine and for as long.
///
/// The filter's timeouts stand still while the machine sleeps, and do not follow the wall clock. An agent writes them anew then,
/// and tells the clocks by which it did; whoever of root's processes connected last is the agent. When none does, the engine is
/// killed, and its interface with it.
package final class TunnelGuard {
    package enum End: Hashable, Sendable {
        /// The engine ended without us.
        case engineEnded
        /// The engine was killed.
        case closed
    }

    private let interface: InterfaceName
    private let engine: FileDescriptor
    private let listener: FileDescriptor
    private let alarm: ClockAlarm
    private let clocks: @Sendable () -> ClockReading
    private var guarded: GuardedClocks
    private var agent: Int32 = -1

    /// Listens when this returns. Errors: `engineDied` when no engine of this interface has that number, in this network
    /// namespace.
    package init(
        of process: Int32, on interface: InterfaceName, clocks: @escaping @Sendable () -> ClockReading
    ) throws(LinuxNetworkError) {
        let reading = clocks()
        let alarm = try ClockAlarm()
        guard let number = RunningEngine.descriptor(of: process, on: interface) else { throw .engineDied(log: []) }
        let engine = try FileDescriptor(number, from: "pidfd_open")
        let listener = try GuardSocket.listen(on: interface)
        (self.interface, self.clocks, guarded) = (interface, clocks, GuardedClocks(writtenBy: reading))
        self.alarm = alarm
        self.engine = engine
        self.listener = listener
    }

    deinit { if agent >= 0 { close(agent) } }

    /// Blocks until the engine is gone.
    package func run() -> End {
        while true {
            var wait: Int32 = -1
            switch guarded.verdict(agentLives: agent >= 0, at: clocks()) {
            case .holds: break
            case .waits(let nanoseconds): wait = Int32(clamping: nanoseconds / 1_000_000 + 1)
            case .fails:
                closeTunnel()
                return .closed
            }
            var requests = [engine.number, alarm.descriptor.number, listener.number, agent].map {
                // A negative number is left out. Source: poll(2).
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&requests, nfds_t(requests.count), wait) >= 0 else {
                if Errno.last == EINTR { continue }
                closeTunnel()
                return .closed
            }
            if requests[0].revents != 0 { return .engineEnded }
            if requests[1].revents != 0 { alarm.clear() }
            // First what the last agent said, and what follows from its end; then who comes after it.
            if requests[3].revents != 0 {
                hear()
            } else if requests[2].revents != 0 {
                // Who comes now has not written anew what was wrong before.
                if case .fails = guarded.verdict(agentLives: agent >= 0, at: clocks()) {
                    closeTunnel()
                    return .closed
                }
                accept()
            }
        }
    }

    private func hear() {
        switch GuardSocket.receive(from: agent) {
        case .reading(let reading): guarded.rewrite(by: reading)
        case .nothing: break
        case .ended:
            close(agent)
            agent = -1
        }
    }

    private func accept() {
        guard let next = GuardSocket.accept(from: listener.number) else { return }
        if agent >= 0 { close(agent) }
        agent = next
    }

    /// The socket goes first: whoever comes after the engine's end makes its own.
    private func closeTunnel() {
        GuardSocket.remove(of: interface)
        ztna_pidfd_send_signal(engine.number, SIGKILL)
        try? Deadline(after: .seconds(5)).wait(for: engine.number, events: POLLIN, doing: "end of the engine")
        WireGuardProcess.removeStaleSocket(of: interface)
    }
}
