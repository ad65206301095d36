import CivilTime

/// Moments as people write them in a policy. Source: RFC 3339 §5.6.
enum MomentText {
    /// "2026-12-31T18:00:00+01:00"; seconds may be left out. Nil for anything else, for a leap second too.
    static func moment(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 17, let day = day(bytes.prefix(10)), bytes[10] == UInt8(ascii: "T"),
            let hour = number(bytes[11..<13]), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = number(bytes[14..<16]), minute < 60
        else { return nil }
        var rest = bytes[16...]
        var second = 0
        if rest.first == UInt8(ascii: ":") {
            guard let value = number(rest.dropFirst().prefix(2)), value < 60 else { return nil }
            second = value
            rest = rest.dropFirst(3)
        }
        return offset(rest).map { day * 86_400 + hour * 3600 + minute * 60 + second - $0 }
    }

    /// A moment, or a day alone: then the end of that day, universal time.
    static func end(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        return bytes.count == 10 ? day(bytes[...]).map { ($0 + 1) * 86_400 } : moment(text)
    }

    private static func day(_ bytes: ArraySlice<UInt8>) -> Int? {
        let parts = bytes.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2], let year = number(parts[0]), year >= 1970,
            let month = number(parts[1]), (1...12).contains(month), let day = number(parts[2])
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        return (1...date.daysInMonth).contains(day) ? date.dayNumber : nil
    }

    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        if text.elementsEqual("Z".utf8) { return 0 }
        guard text.count == 6, let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else {
            return nil
        }
        let parts = text.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 2], let hours = number(parts[0]), hours < 24, let minutes = number(parts[1]),
            minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "+") ? 1 : -1)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
