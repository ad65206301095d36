/// What a store may forget, so that it does not grow for ever: sign-ins that are over, old sessions,
/// old changes, messages that are refused for their age.
package struct Housekeeping: Hashable, Sendable {
    /// Seconds that a sign-in is kept beyond its end, so that a late browser is told that it has expired.
    package static let signInSeconds = 3600
    /// Seconds that an ended session is kept, for the questions that come up afterwards.
    package static let sessionSeconds = 90 * 86_400
    /// Seconds that a change is kept: no follower of the change log may be further behind than that.
    package static let changeSeconds = 7 * 86_400
    /// Seconds that a used message is kept beyond its end, for replicas whose clocks differ.
    package static let messageSeconds = 600
    /// Seconds that a line of the sync log is kept.
    package static let syncLogSeconds = 30 * 86_400
    /// Lines of one connection's sync log that are kept, however young they are.
    package static let syncLogLines = 20_000
    /// Rows of a kind deleted in one transaction: other writers wait for no more than these.
    package static let batch = 500

    package var sessions: Int
    package var changes: Int
    package var messages: Int
    /// Lines of sync logs, and removals that the guard no longer counts.
    package var provisioning: Int

    package init(sessions: Int = 0, changes: Int = 0, messages: Int = 0, provisioning: Int = 0) {
        self.sessions = sessions
        self.changes = changes
        self.messages = messages
        self.provisioning = provisioning
    }

    /// One transaction of it: what it deleted.
    private static func step(_ transaction: any StoreTransaction, now: Int) throws -> Housekeeping {
        try transaction.deleteDeviceAuthorizations(expiredBefore: now - signInSeconds)
        return Housekeeping(
            sessions: try transaction.deleteSessions(endedBefore: now - sessionSeconds, limit: batch),
            changes: try transaction.deleteChanges(before: now - changeSeconds, limit: batch),
            messages: try transaction.deleteMessages(expiredBefore: now - messageSeconds, limit: batch),
            provisioning: try transaction.deleteSyncLog(
                before: now - syncLogSeconds, keeping: syncLogLines, limit: batch)
                + transaction.deleteRemovals(before: now - 2 * 3600, limit: batch))
    }

    /// Forgets what may be forgotten at `now`, in at most `maximumSteps` transactions. What was deleted.
    package static func run(in store: any Store, now: Int, maximumSteps: Int = 1_000) async throws -> Housekeeping {
        var total = Housekeeping()
        for _ in 0..<maximumSteps {
            let done = try await store.write { try step($0, now: now) }
            total.sessions += done.sessions
            total.changes += done.changes
            total.messages += done.messages
            total.provisioning += done.provisioning
            if done.sessions < batch, done.changes < batch, done.messages < batch, done.provisioning < batch { break }
        }
        return total
    }
}
