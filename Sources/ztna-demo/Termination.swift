@preconcurrency import Dispatch
import Glibc

/// Calls back at SIGTERM and SIGINT; as the clean-up is bounded, they never end the process themselves.
final class Termination: Sendable {
    private let sources: [any DispatchSourceSignal]

    init(_ terminate: @escaping @Sendable () -> Void) {
        signal(SIGPIPE, SIG_IGN)
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: terminate)
            source.activate()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }
}
