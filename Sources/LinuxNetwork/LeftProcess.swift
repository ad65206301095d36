internal import CLinux
internal import Glibc

/// An engine that an agent before this one started: no child of ours, so its end is seen but not its exit code.
final class LeftProcess: Sendable {
    let identifier: pid_t
    private let handle: FileDescriptor
    private let end = ProcessEnd()

    init(_ engine: consuming RunningEngine, onExit: @escaping @Sendable (WireGuardExit) -> Void)
        throws(LinuxNetworkError)
    {
        identifier = engine.process
        handle = try FileDescriptor(fcntl(engine.handle.number, F_DUPFD_CLOEXEC, 0), from: "fcntl")
        let watch = Watch(process: self, onExit: onExit)
        var number = pthread_t()
        let context = Unmanaged.passRetained(watch).toOpaque()
        let status = pthread_create(&number, nil, { Watch.main($0) }, context)
        guard status == 0 else {
            Unmanaged<Watch>.fromOpaque(context).release()
            throw .system(call: "pthread_create", errno: status)
        }
        pthread_detach(number)
    }

    var exit: WireGuardExit? { end.exit }

    func stop(patience: Duration) async -> WireGuardExit {
        await end.request(patience: patience) { [weak self] signal in self?.send(signal) }
    }

    private func send(_ signal: Int32) { ztna_pidfd_send_signal(handle.number, signal) }

    /// A thread of its own that waits for the end, as long as that takes.
    private final class Watch: Sendable {
        private let process: LeftProcess
        private let onExit: @Sendable (WireGuardExit) -> Void

        init(process: LeftProcess, onExit: @escaping @Sendable (WireGuardExit) -> Void) {
            self.process = process
            self.onExit = onExit
        }

        static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let context else { return nil }
            let watch = Unmanaged<Watch>.fromOpaque(context).takeRetainedValue()
            var request = pollfd(fd: watch.process.handle.number, events: Int16(POLLIN), revents: 0)
            while poll(&request, 1, -1) < 0, Errno.last == EINTR {}
            let exit = WireGuardExit(status: nil, log: [])
            watch.process.end.conclude(exit)
            watch.onExit(exit)
            return nil
        }
    }
}
