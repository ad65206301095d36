internal import Identity
internal import Sessions
internal import Synchronization

/// Sign-ins under way as they were last written or read: each is read about ten times within a minute, and decoding its
/// body costs more than finding its row.
///
/// The row is the truth: what is kept here counts only for a row that is the same, byte for byte.
final class DecodedSignIns: Sendable {
    private static let capacity = 512

    /// An object: handing it out of the lock copies nothing.
    private final class Entry: Sendable {
        let keys: DeviceAuthorizationKeys
        let body: String
        let value: DeviceAuthorization

        init(_ value: DeviceAuthorization, keys: DeviceAuthorizationKeys, body: String) {
            self.keys = keys
            self.body = body
            self.value = value
        }
    }

    private let entries = Mutex<[RecordID: Entry]>([:])

    /// Nil when the row is not what was kept. `row`: with the columns of `device_authorizations` in their order.
    func value(_ id: RecordID, of row: SQLiteRow) -> DeviceAuthorization? {
        guard let entry = entries.withLock({ $0[id] }), row.holds(entry.keys, body: entry.body) else { return nil }
        return entry.value
    }

    func keep(_ value: DeviceAuthorization, keys: DeviceAuthorizationKeys, body: String) {
        let entry = Entry(value, keys: keys, body: body)
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[keys.id] = entry
        }
    }
}
