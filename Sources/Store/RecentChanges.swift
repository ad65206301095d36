package import Sessions
internal import Synchronization

/// The end of the change log as it was committed here: who follows it needs no transaction to read what is known.
package final class RecentChanges: Sendable {
    package struct Change: Sendable {
        package let record: ChangeRecord
        /// The session that it is about, as that commit left it; nil when the commit did not save it.
        package let session: Session?

        package init(_ record: ChangeRecord, session: Session?) {
            self.record = record
            self.session = session
        }
    }

    /// More are read from the log: a session holds its evidence.
    private static let limit = 64

    /// Without a gap.
    private let known = Mutex<[Change]>([])

    package init() {}

    /// Those of one commit in their order, before anybody hears of it.
    package func append(_ changes: [Change]) {
        guard let first = changes.first else { return }
        known.withLock { known in
            if let last = known.last, last.record.sequence + 1 != first.record.sequence { known = [] }
            known += changes
            if known.count > Self.limit { known.removeFirst(known.count - Self.limit / 2) }
        }
    }

    /// Every change after that one; nil when not all of them are known.
    package func after(_ sequence: Int) -> [Change]? {
        known.withLock { known in
            guard let first = known.first?.record.sequence, first <= sequence + 1 else { return nil }
            return known.filter { $0.record.sequence > sequence }
        }
    }
}
