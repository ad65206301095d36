/// A moment as SAML writes it, in whole seconds since the epoch; fractions are dropped.
///
/// `YYYY-MM-DDThh:mm:ss`, a fraction, then `Z`, an offset or nothing: without a zone it is UTC, as SAML says of all its
/// times. Years 1…9999. Source: SAML Core 2.0 §1.3.3; XML Schema Part 2 §3.2.7.
package enum SAMLTime {
    package static func parse(_ text: String) -> Int? {
        var rest = Array(text.utf8)[...]
        guard let year = digits(&rest, 4), year > 0, take(&rest, "-"), let month = digits(&rest, 2), take(&rest, "-"),
            let day = digits(&rest, 2), take(&rest, "T"), let hour = digits(&rest, 2), take(&rest, ":"),
            let minute = digits(&rest, 2), take(&rest, ":"), let second = digits(&rest, 2),
            (1...12).contains(month), (1...daysIn(month, of: year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        if take(&rest, ".") {
            let fraction = rest.prefix { isDigit($0) }
            guard (1...20).contains(fraction.count) else { return nil }
            rest = rest.dropFirst(fraction.count)
        }
        guard let offset = offset(rest) else { return nil }
        return (days(year, month, day) * 24 + hour) * 3_600 + minute * 60 + second - offset
    }

    /// `YYYY-MM-DDThh:mm:ssZ`; what lies outside the years 1…9999 is moved to their ends.
    package static func format(_ seconds: Int) -> String {
        let seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
        let day = Int((Double(seconds) / 86_400).rounded(.down))
        let time = seconds - day * 86_400
        // Days to a date, in years that begin in March. Source: Howard Hinnant, chrono-Compatible Low-Level Date
        // Algorithms, civil_from_days.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(dayOfMonth, 2) + "T"
            + padded(time / 3_600, 2) + ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2) + "Z"
    }

    /// A length of time such as `P1DT6H`, in seconds: a year counts 365 days, a month 30. Nil when it is negative, has no
    /// part, or exceeds a hundred years. Source: XML Schema Part 2 §3.2.6.
    package static func duration(_ text: String) -> Int? {
        var rest = Array(text.utf8)[...]
        guard take(&rest, "P") else { return nil }
        var total = 0
        var parts = 0
        var designators = Array("YMD".utf8)[...]
        var lengths = [365 * 86_400, 30 * 86_400, 86_400][...]
        var isTime = false
        while !rest.isEmpty {
            if !isTime, take(&rest, "T") {
                (isTime, designators, lengths) = (true, Array("HMS".utf8)[...], [3_600, 60, 1][...])
                guard !rest.isEmpty else { return nil }
            }
            let number = rest.prefix { isDigit($0) }
            guard (1...9).contains(number.count), let value = Int(String(decoding: number, as: UTF8.self)) else {
                return nil
            }
            rest = rest.dropFirst(number.count)
            if isTime, take(&rest, ".") {
                let fraction = rest.prefix { isDigit($0) }
                guard !fraction.isEmpty, rest.dropFirst(fraction.count).first == UInt8(ascii: "S") else { return nil }
                rest = rest.dropFirst(fraction.count)
            }
            guard let designator = rest.popFirst(), let index = designators.firstIndex(of: designator) else {
                return nil
            }
            total += value * lengths[index]
            designators = designators[(index + 1)...]
            lengths = lengths[(index + 1)...]
            parts += 1
            guard total <= 100 * 365 * 86_400 else { return nil }
        }
        return parts > 0 ? total : nil
    }

    private static func offset(_ rest: ArraySlice<UInt8>) -> Int? {
        var rest = rest
        if rest.isEmpty { return 0 }
        if take(&rest, "Z") { return rest.isEmpty ? 0 : nil }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard isNegative || rest.first == UInt8(ascii: "+") else { return nil }
        rest = rest.dropFirst()
        guard let hours = digits(&rest, 2), take(&rest, ":"), let minutes = digits(&rest, 2), rest.isEmpty, hours <= 14,
            minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isNegative ? -60 : 60)
    }

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func digits(_ rest: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
        let found = rest.prefix(count)
        guard found.count == count, found.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return found.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
