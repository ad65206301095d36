internal import Glibc
internal import Identity
internal import Sessions
internal import Synchronization

/// Sign-ins under way as they were last written or read: each is read about ten times within a minute, and decoding its
/// body costs more than finding its row.
///
/// The row is the truth: what is kept here counts only for a row that is the same, byte for byte.
final class DecodedSignIns: Sendable {
    private static let capacity = 512

    private struct Entry {
        let body: String
        let value: DeviceAuthorization
    }

    private let entries = Mutex<[RecordID: Entry]>([:])

    /// Nil when the row is not what was kept.
    func value(_ keys: DeviceAuthorizationKeys, body: String) -> DeviceAuthorization? {
        guard let entry = entries.withLock({ $0[keys.id] }), entry.value.keys == keys, Self.same(entry.body, body)
        else { return nil }
        return entry.value
    }

    func keep(_ value: DeviceAuthorization, body: String) {
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries.removeAll(keepingCapacity: true) }
            entries[value.id] = Entry(body: body, value: value)
        }
    }

    /// Not `==`: strings of Swift's are equal when Unicode calls them equivalent.
    private static func same(_ left: String, _ right: String) -> Bool {
        var (left, right) = (left, right)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
                    return left.isEmpty && right.isEmpty
                }
                return memcmp(first, second, left.count) == 0
            }
        }
    }
}
