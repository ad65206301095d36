package import Logging
internal import StrictJSON

/// Brings the spool to the server: one batch at a time, again until the server says that it is stored.
///
/// Works only while the control connection stands. A batch keeps its id, so that what arrived and was not confirmed is
/// stored once.
package struct AttemptUpload: Sendable {
    /// Where batches go now; nil while there is no connection.
    package typealias Destination = @Sendable () async -> String?
    /// Posts one body and gives the answer's body. Errors: any, and the batch is sent again.
    package typealias Send = @Sendable (_ body: [UInt8]) async throws -> [UInt8]

    static let pause = Duration.seconds(2)

    private let spool: AttemptSpool
    private let destination: Destination
    private let send: Send
    private let environment: AgentEnvironment
    private let logger: Logger

    package init(
        spool: AttemptSpool, environment: AgentEnvironment, logger: Logger, destination: @escaping Destination,
        send: @escaping Send
    ) {
        self.spool = spool
        self.environment = environment
        self.logger = logger
        self.destination = destination
        self.send = send
    }

    /// Returns when the task is cancelled.
    package func run() async {
        var backoff = Backoff()
        var isFailing = false
        while !Task.isCancelled {
            var pause = Self.pause
            if let server = await destination() {
                do {
                    while try await sendOne(to: server) {}
                    if isFailing { logger.notice("connection records are taken again") }
                    isFailing = false
                    backoff.reset()
                } catch {
                    if !isFailing { logger.warning("connection records wait", metadata: ["error": "\(error)"]) }
                    isFailing = true
                    pause = backoff.next(from: environment.randomness, atLeast: Self.wait(asked: error))
                }
            }
            do { try await environment.sleep(pause) } catch { return }
        }
    }

    /// Seconds that the server wants to be left alone.
    private static func wait(asked error: any Error) -> Int? {
        if case ControlError.refused(_, _, _, let seconds) = error { seconds } else { nil }
    }

    /// False when there is nothing to send. Errors: the server's or the network's; `malformed` when it does not say `stored`.
    /// A batch that the server will never take is dropped and counted, so that it does not hold up those behind it.
    package func sendOne(to server: String) async throws -> Bool {
        guard let batch = await spool.nextBatch(for: server) else { return false }
        let body: JSON = [
            "batch": .string(batch.id), "sent": .integer(environment.now()), "records": .array(batch.records),
            "lost": .integer(batch.losses.total), "unattended": .integer(batch.losses.unattended),
        ]
        let answer: [UInt8]
        do { answer = try await send(body.encoded()) } catch ControlError.refused(let status, let name, let words, _)
            where status == 413 || status == 400 && name == "invalid_request"
        {
            logger.error("the server refuses connection records", metadata: ["error": "\(status) \(words)"])
            var losses = AttemptLosses()
            losses.refused = batch.records.count
            losses += batch.losses
            spool.count(losses)
            await spool.discard(batch.id)
            return true
        }
        guard (try? JSONMembers(parsing: answer).bool("stored")) == true else {
            throw ControlError.malformed("stored")
        }
        await spool.discard(batch.id)
        return true
    }
}
