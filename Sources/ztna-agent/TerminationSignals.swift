@preconcurrency import Dispatch
import Glibc

/// Calls back at the first SIGTERM or SIGINT; a second one ends the process as usual.
final class TerminationSignals: Sendable {
    private let sources: [any DispatchSourceSignal]

    init(_ terminate: @escaping @Sendable () -> Void) {
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(number, SIG_DFL)
                terminate()
            }
            source.activate()
            return source
        }
    }

    /// The signals end the process again.
    func restore() {
        for source in sources { source.cancel() }
        for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
    }
}
