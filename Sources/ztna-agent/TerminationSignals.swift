@preconcurrency import Dispatch
import Glibc

/// Calls back at SIGTERM and SIGINT, and keeps them from ending the process: what was set up is to be taken down first.
final class TerminationSignals: Sendable {
    private let sources: [any DispatchSourceSignal]

    init(_ terminate: @escaping @Sendable () -> Void) {
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { terminate() }
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
