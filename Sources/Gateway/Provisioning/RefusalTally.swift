internal import Identity
internal import SCIM
internal import Store

/// Requests that never came to the directory: too many, too large, broken, or while the server could not write.
///
/// They reach the connection's sync log, but as one line a minute and status at most: the first at once, those that follow
/// with their number. So the log shows them, and cannot be filled with them.
struct RefusalTally: Sendable {
    /// In seconds.
    static let window = 60

    private struct Kind {
        /// The latest that is not in the log yet, and how many there are.
        var waiting: SyncLogRecord
        var count = 0
        var lastLine: Int?
    }

    /// Of each connection, by status.
    private var kinds: [ProviderID: [Int: Kind]] = [:]

    mutating func note(_ record: SyncLogRecord, count: Int = 1) {
        var kind = kinds[record.provider]?[record.status] ?? Kind(waiting: record)
        let (sum, overflow) = kind.count.addingReportingOverflow(count)
        kind.count = overflow ? .max : sum
        kind.waiting = record
        kinds[record.provider, default: [:]][record.status] = kind
    }

    /// The lines that are due now; `all`: also those that would wait for their minute.
    mutating func take(of provider: ProviderID, now: Int, all: Bool = false) -> [(record: SyncLogRecord, count: Int)] {
        guard let statuses = kinds[provider] else { return [] }
        var due: [(record: SyncLogRecord, count: Int)] = []
        for (status, kind) in statuses.sorted(by: { $0.key < $1.key }) where kind.count > 0 {
            guard all || kind.lastLine.map({ now - $0 >= Self.window || now < $0 }) ?? true else { continue }
            due.append((kind.waiting, kind.count))
            kinds[provider]?[status]?.count = 0
            kinds[provider]?[status]?.lastLine = now
        }
        return due
    }

    /// The line for so many requests like this one.
    static func line(_ record: SyncLogRecord, count: Int) -> SyncLogRecord {
        var record = record
        if count > 1 {
            record.refusal = "\(record.refusal ?? "refused"); \(count) requests like it since the last line"
        }
        return record
    }
}
