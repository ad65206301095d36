internal import CivilTime

/// Times as people write them on a command line.
package enum TimeArgument {
    /// A moment: "2h" before `now`, or seconds since the epoch.
    package static func since(_ text: String, now: Int) -> Int? {
        if let seconds = DurationText.seconds(text) { return now - seconds }
        guard (1...12).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
