package import Wire

/// One node's stream of netmap messages: what it missed or a snapshot, then deltas and heartbeats, until its session ends,
/// another stream of the same node takes over, or the reader stops.
///
/// One reader at a time. A reader that lags behind by more than the configured number of messages gets a snapshot with the
/// current sequence number in their place. When the session ends, whatever waits gives way to `ended`, the last message.
package struct NetmapSubscription: AsyncSequence, Sendable {
    package typealias Element = NetmapMessage
    package typealias Failure = Never

    package struct Iterator: AsyncIteratorProtocol {
        let subscription: NetmapSubscription

        package mutating func next() async -> NetmapMessage? { await subscription.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async -> NetmapMessage? {
            await subscription.next()
        }
    }

    let mailbox: Mailbox
    let snapshot: @Sendable () async -> NetmapMessage?
    private let left: @Sendable () async -> Void

    init(
        mailbox: Mailbox, snapshot: @escaping @Sendable () async -> NetmapMessage?,
        left: @escaping @Sendable () async -> Void
    ) {
        self.mailbox = mailbox
        self.snapshot = snapshot
        self.left = left
    }

    package func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// The next message; nil at the end and when the task is cancelled.
    package func next() async -> NetmapMessage? {
        while let item = await mailbox.next() {
            switch item {
            case .message(let message): return message
            case .overflowed: if let message = await snapshot() { return message }
            }
        }
        await left()
        return nil
    }

    /// The reader goes away: nothing more is kept for it. Call it when the client has left.
    package func cancel() async {
        mailbox.finish()
        await left()
    }
}
