/// Times as people write them on a command line.
package enum TimeArgument {
    /// Seconds of "90s", "30m", "2h" or "7d"; nil for anything else, zero included, and for more than a hundred years.
    package static func span(_ text: String) -> Int? {
        guard let unit = text.last, let size = ["s": 1, "m": 60, "h": 3600, "d": 86_400][unit],
            let count = number(text.dropLast()), (1...(3_155_760_000 / size)).contains(count)
        else { return nil }
        return count * size
    }

    /// A moment: "2h" before `now`, or seconds since the epoch.
    package static func since(_ text: String, now: Int) -> Int? {
        if let seconds = span(text) { return now - seconds }
        return number(text[...])
    }

    private static func number(_ digits: Substring) -> Int? {
        guard (1...12).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}
