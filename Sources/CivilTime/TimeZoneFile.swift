/// Reads compiled time zones, as they lie in `/usr/share/zoneinfo`.
///
/// Version 2 and later: the 64-bit block and, beyond its last transition, the rule in the footer.
/// Source: RFC 9636 §3.
package enum TimeZoneFile {
    package static var maximumBytes: Int { 1 << 20 }

    /// The zone between two moments; nil when the bytes are no such file. Errors say no more: the files are the system's own.
    package static func parse(_ bytes: [UInt8], from start: Int, until end: Int) -> ZoneTable? {
        guard bytes.count <= maximumBytes, start < end else { return nil }
        var reader = ByteReader(bytes: bytes)
        guard let first = Header(&reader), first.version >= UInt8(ascii: "2"), reader.skip(first.bodySize(width: 4)),
            let header = Header(&reader), let body = Body(header, &reader), let footer = reader.footer()
        else { return nil }
        var entries = body.entries
        if let rule = FooterRule(footer) {
            let last = entries.last.map { max($0.at, start) } ?? start
            entries += rule.entries(after: entries.last?.at ?? .min, from: last, until: end)
        } else if !footer.isEmpty {
            return nil
        }
        var table: [ZoneTable.Entry] = []
        let before = entries.last { $0.at <= start }?.offset ?? body.offsetBefore
        table.append(ZoneTable.Entry(at: start, offset: before))
        for entry in entries where entry.at > start && entry.at < end {
            if entry.offset != table.last?.offset { table.append(entry) }
        }
        return ZoneTable(entries: table, end: end)
    }
}

private struct ByteReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= bytes.count - position else { return false }
        position += count
        return true
    }

    /// Big-endian, sign-extended.
    mutating func integer(width: Int) -> Int? {
        guard width <= bytes.count - position else { return nil }
        var value: UInt64 = bytes[position] >= 0x80 ? .max : 0
        for byte in bytes[position..<position + width] { value = value << 8 | UInt64(byte) }
        position += width
        return Int(Int64(bitPattern: value))
    }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }

    /// The text between the last two line feeds.
    mutating func footer() -> String? {
        guard byte() == 0x0A, let end = bytes[position...].firstIndex(of: 0x0A) else { return nil }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }
}

private struct Header {
    let version: UInt8
    private let indicators: Int
    private let standards: Int
    private let leaps: Int
    let times: Int
    let types: Int
    private let characters: Int

    init?(_ reader: inout ByteReader) {
        guard reader.bytes[reader.position...].starts(with: "TZif".utf8), reader.skip(4), let version = reader.byte(),
            reader.skip(15)
        else { return nil }
        var counts: [Int] = []
        for _ in 0..<6 {
            guard let count = reader.integer(width: 4), (0...65_536).contains(count) else { return nil }
            counts.append(count)
        }
        self.version = version
        (indicators, standards, leaps, times, types, characters) = (
            counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]
        )
    }

    func bodySize(width: Int) -> Int { times * (width + 1) + types * 6 + rest(width: width) }
    func rest(width: Int) -> Int { characters + leaps * (width + 4) + standards + indicators }
}

private struct Body {
    let entries: [ZoneTable.Entry]
    /// In force before the first transition.
    let offsetBefore: Int

    init?(_ header: Header, _ reader: inout ByteReader) {
        var moments: [Int] = []
        for _ in 0..<header.times {
            guard let moment = reader.integer(width: 8) else { return nil }
            moments.append(moment)
        }
        var indices: [Int] = []
        for _ in 0..<header.times {
            guard let index = reader.byte() else { return nil }
            indices.append(Int(index))
        }
        var offsets: [Int] = []
        for _ in 0..<header.types {
            guard let offset = reader.integer(width: 4), reader.skip(2) else { return nil }
            offsets.append(offset)
        }
        guard let first = offsets.first, reader.skip(header.rest(width: 8)) else { return nil }
        var entries: [ZoneTable.Entry] = []
        for (moment, index) in zip(moments, indices) {
            guard index < offsets.count else { return nil }
            entries.append(ZoneTable.Entry(at: moment, offset: offsets[index]))
        }
        self.entries = entries
        offsetBefore = first
    }
}
