/// Durations as people write them: digits and one unit, `s`, `m`, `h` or `d` (of 24 hours).
package enum DurationText {
    package static func parse(_ text: String) -> Duration? { seconds(text).map { .seconds($0) } }

    /// Nil for anything else, zero and leading zeros included, and for more than a hundred years.
    package static func seconds(_ text: String) -> Int? {
        let digits = text.utf8.dropLast()
        guard (1...9).contains(digits.count), digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(String(text.dropLast())),
            let unit = text.utf8.last, let seconds = seconds(of: unit), count <= 3_155_760_000 / seconds
        else { return nil }
        return count * seconds
    }

    private static func seconds(of unit: UInt8) -> Int? {
        switch unit {
        case UInt8(ascii: "s"): 1
        case UInt8(ascii: "m"): 60
        case UInt8(ascii: "h"): 3600
        case UInt8(ascii: "d"): 86_400
        default: nil
        }
    }
}
