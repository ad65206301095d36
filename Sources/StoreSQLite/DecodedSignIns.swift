internal import Identity
internal import Sessions
internal import Synchronization

/// Sign-ins under way as they were last written: each is read about ten times within a minute, and a transaction with its
/// row costs more than the page that shows it.
///
/// What was last committed answers who asks for one sign-in by its id, without a row: nobody else writes to the file. Any
/// other look-up goes by the row, and saves decoding one that is the same, byte for byte.
final class DecodedSignIns: Sendable {
    private static let capacity = 512

    /// An object: handing it out of the lock copies nothing.
    final class Entry: Sendable {
        fileprivate let keys: DeviceAuthorizationKeys
        fileprivate let body: String
        fileprivate let value: DeviceAuthorization

        init(_ value: DeviceAuthorization, keys: DeviceAuthorizationKeys, body: String) {
            self.keys = keys
            self.body = body
            self.value = value
        }

        /// What its device and its browser have no more questions about.
        fileprivate var isOver: Bool {
            switch value.state {
            case .redeemed, .denied, .failed: true
            case .pending, .claimed, .redirected, .answered, .authenticated, .approved: false
            }
        }
    }

    private struct Kept {
        /// As last written, committed or not.
        var written: [RecordID: Entry] = [:]
        var committed: [RecordID: Entry] = [:]
    }

    private let kept = Mutex(Kept())

    /// Nil when the row is not what was kept. `row`: with the columns of `device_authorizations` in their order.
    func value(_ id: RecordID, of row: SQLiteRow) -> DeviceAuthorization? {
        guard let entry = kept.withLock({ $0.written[id] }), row.holds(entry.keys, body: entry.body) else { return nil }
        return entry.value
    }

    /// As of the last commit. Nil: ask the file.
    func committed(_ id: RecordID) -> DeviceAuthorization? { kept.withLock { $0.committed[id] }?.value }

    func keep(_ entry: Entry) {
        kept.withLock { kept in
            if kept.written.count >= Self.capacity { kept.written.removeAll(keepingCapacity: true) }
            kept.written[entry.keys.id] = entry
        }
    }

    /// The outcome of a commit, before anybody hears of it.
    func commit(_ changes: SignInChanges) {
        guard changes.haveDeleted || !changes.saved.isEmpty else { return }
        kept.withLock { kept in
            if changes.haveDeleted { kept = Kept() }
            for entry in changes.saved {
                let id = entry.keys.id
                if entry.isOver {
                    kept.committed[id] = nil
                    continue
                }
                if kept.committed.count >= Self.capacity { kept.committed.removeAll(keepingCapacity: true) }
                kept.committed[id] = entry
            }
        }
    }
}

/// What a transaction does to sign-ins under way.
struct SignInChanges {
    /// In their order; the last of an id counts.
    var saved: [DecodedSignIns.Entry] = []
    var haveDeleted = false

    func last(_ id: RecordID) -> DeviceAuthorization? { saved.last { $0.keys.id == id }?.value }
}
