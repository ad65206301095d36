/// The offsets of one time zone between two moments: all that evaluating local hours needs, without a zone database.
///
/// Times are seconds since the epoch, offsets seconds east of Greenwich.
package struct ZoneTable: Hashable, Sendable {
    /// From `at` on, until the next entry, local time is UTC plus `offset`.
    package struct Entry: Hashable, Sendable {
        package let at: Int
        package let offset: Int

        package init(at: Int, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// Ascending; the first says from when on the table knows anything.
    package let entries: [Entry]
    /// From here on the table knows nothing.
    package let end: Int

    /// No zone is further from Greenwich.
    package static var largestOffset: Int { 26 * 3600 }
    package static var maximumEntries: Int { 256 }
    /// Moments beyond are refused, so that sums of a few of them cannot overflow.
    package static var latest: Int { 1 << 40 }

    /// Nil unless there are 1 to 256 entries, ascending, before `end`, with sensible offsets.
    package init?(entries: [Entry], end: Int) {
        guard (1...Self.maximumEntries).contains(entries.count), let last = entries.last, last.at < end,
            (-Self.latest...Self.latest).contains(end),
            entries.allSatisfy({ (-Self.latest...Self.latest).contains($0.at) }),
            entries.allSatisfy({ (-Self.largestOffset...Self.largestOffset).contains($0.offset) }),
            zip(entries, entries.dropFirst()).allSatisfy({ $0.at < $1.at })
        else { return nil }
        self.entries = entries
        self.end = end
    }

    /// Universal time, for as long as numbers go.
    package static var utc: ZoneTable { ZoneTable(unchecked: [Entry(at: -latest, offset: 0)], end: latest) }

    init(unchecked entries: [Entry], end: Int) {
        self.entries = entries
        self.end = end
    }

    /// Nil outside what the table covers.
    package func offset(at moment: Int) -> Int? {
        guard moment < end else { return nil }
        return entries.last { $0.at <= moment }?.offset
    }

    /// The same table for `start..<end` only, as far as it knows that; nil when it knows nothing of it.
    package func covering(from start: Int, until end: Int) -> ZoneTable? {
        guard let offset = offset(at: start) else { return nil }
        let within = entries.filter { $0.at > start && $0.at < end }
        return ZoneTable(entries: [Entry(at: start, offset: offset)] + within, end: min(end, self.end))
    }
}
