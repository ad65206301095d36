internal import Identity

/// The name of a check of a device's state: 1…64 bytes of `[a-z0-9-]`, such as `disk-encrypted`.
package struct PostureCheck: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    package init(_ text: String) throws(PolicyError) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(LabelAlphabet.contains) else {
            throw .postureCheck(text)
        }
        self.text = text
    }

    package var description: String { text }
    package static func < (left: PostureCheck, right: PostureCheck) -> Bool { left.text < right.text }
}

/// What a device said about its own state. Source: DESIGN §4.
package struct PostureReport: Hashable, Sendable {
    package enum Result: String, Hashable, Sendable, CaseIterable { case pass, fail, unknown }

    /// In seconds since the epoch.
    package let takenAt: Int
    package let checks: [PostureCheck: Result]

    /// A report is good for this many seconds.
    package static var lifetime: Int { 900 }

    package init(takenAt: Int, checks: [PostureCheck: Result]) {
        self.takenAt = takenAt
        self.checks = checks
    }
}
