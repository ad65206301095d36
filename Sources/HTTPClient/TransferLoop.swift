internal import CCurl
internal import Glibc

/// The worker thread: all of libcurl happens here, for every transfer of one client.
final class TransferLoop {
    private let inbox: TransferInbox
    private let settings: TransferSettings
    private let maximumInFlight: Int
    private var waiting: [Submission] = []
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]

    private init(_ inbox: TransferInbox, _ settings: TransferSettings, maximumInFlight: Int) {
        self.inbox = inbox
        self.settings = settings
        self.maximumInFlight = maximumInFlight
    }

    /// Starts the thread; it ends once the inbox is closed. False when the system gives no thread.
    static func start(_ inbox: TransferInbox, _ settings: TransferSettings, maximumInFlight: Int) -> Bool {
        let loop = Unmanaged.passRetained(TransferLoop(inbox, settings, maximumInFlight: maximumInFlight))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                // Signals belong to the program's threads; a write to a closed connection is an error here, no SIGPIPE.
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                let loop = Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue()
                loop.inbox.withMulti(loop.run)
                return nil
            }, loop.toOpaque())
        guard result == 0 else {
            loop.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run(_ multi: UnsafeMutableRawPointer) {
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumInFlight)
        while true {
            let (commands, isOpen) = inbox.take()
            for command in commands { apply(command, multi) }
            guard isOpen else { break }
            startWaiting(multi)
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collectFinished(multi)
            expire(multi)
            curl_multi_poll(multi, nil, 0, pollMilliseconds(), nil)
        }
        for submission in waiting { finish(submission, .failure(.shutDown)) }
        for transfer in active.values { end(transfer, .failure(.shutDown), multi) }
    }

    private func apply(_ command: TransferInbox.Command, _ multi: UnsafeMutableRawPointer) {
        switch command {
        case .start(let submission): waiting.append(submission)
        case .resume(let id): active.values.first { $0.submission.id == id }?.resume()
        case .abort(let id, let error):
            if let transfer = active.values.first(where: { $0.submission.id == id }) {
                end(transfer, .failure(error), multi)
            } else if let index = waiting.firstIndex(where: { $0.id == id }) {
                finish(waiting.remove(at: index), .failure(error))
            }
        }
    }

    private func startWaiting(_ multi: UnsafeMutableRawPointer) {
        while active.count < maximumInFlight, !waiting.isEmpty {
            let submission = waiting.removeFirst()
            guard let transfer = Transfer(submission, settings: settings),
                curl_multi_add_handle(multi, transfer.easy) == CURLM_OK
            else {
                finish(submission, .failure(.protocolError("libcurl refuses the request")))
                continue
            }
            active[transfer.easy] = transfer
        }
    }

    private func collectFinished(_ multi: UnsafeMutableRawPointer) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let transfer = active[message.pointee.easy_handle] else {
                continue
            }
            end(transfer, transfer.outcome(ccurl_message_result(message)), multi)
        }
    }

    private func expire(_ multi: UnsafeMutableRawPointer) {
        let now = ContinuousClock.now
        for transfer in active.values {
            if let deadline = transfer.deadline, deadline <= now { end(transfer, .failure(.timedOut), multi) }
        }
        let expired = waiting.filter { $0.waitingDeadline <= now }
        waiting.removeAll { $0.waitingDeadline <= now }
        for submission in expired { finish(submission, .failure(.timedOut)) }
    }

    /// Until the first deadline, at most a minute; not at all while a waiting request can start.
    private func pollMilliseconds() -> Int32 {
        if active.count < maximumInFlight, !waiting.isEmpty { return 0 }
        let deadlines = active.values.compactMap(\.deadline) + waiting.map(\.waitingDeadline)
        guard let first = deadlines.min() else { return 60_000 }
        let left = min(max(first - .now, .zero), .seconds(60))
        return Int32(left / .milliseconds(1)) + 1
    }

    private func end(_ transfer: Transfer, _ outcome: Result<Void, HTTPError>, _ multi: UnsafeMutableRawPointer) {
        curl_multi_remove_handle(multi, transfer.easy)
        active[transfer.easy] = nil
        finish(transfer.submission, outcome)
    }

    private func finish(_ submission: Submission, _ outcome: Result<Void, HTTPError>) {
        inbox.finished()
        submission.delivery.finish(outcome)
    }
}

extension Submission {
    fileprivate var waitingDeadline: ContinuousClock.Instant {
        switch limit {
        case .total(let deadline): deadline
        case .idle(let longest): submitted + longest
        }
    }
}
