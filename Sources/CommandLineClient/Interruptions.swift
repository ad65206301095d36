@preconcurrency internal import Dispatch
internal import Glibc

/// Ctrl-C and its like as a stream, so that a command can tidy up before it ends.
package enum Interruptions {
    /// From here on SIGINT, SIGTERM and SIGHUP no longer end the process.
    package static func stream() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let queue = DispatchQueue(label: "ztna.signals")
            // Only kept alive, and cancelled once; Dispatch's objects may be used from any thread.
            nonisolated(unsafe) let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { continuation.yield() }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
        }
    }
}
