internal import Glibc
internal import Synchronization

/// Lets a commit wait a moment for others, while there are others: each durable commit costs a flush of the disk, which
/// all writes in it share.
///
/// One writer alone never waits. Used by one worker at a time. Source: PostgreSQL's `commit_delay` and `commit_siblings`.
final class CommitCompany: Sendable {
    private let pause: Duration
    private let lastCount = Atomic(0)

    init(pause: Duration) { self.pause = pause }

    /// The next batch, taken after the pause when the last one had several writes.
    func gather(_ next: () -> [PendingWrite]) -> [PendingWrite] {
        if lastCount.load(ordering: .relaxed) > 1, pause > .zero {
            let parts = pause.components
            var time = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
            nanosleep(&time, nil)
        }
        let batch = next()
        // An empty one only says that the others are thinking: they are still there.
        if !batch.isEmpty { lastCount.store(batch.count, ordering: .relaxed) }
        return batch
    }
}
