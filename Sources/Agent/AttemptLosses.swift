package import StrictJSON

/// Attempts that happened and are told to nobody, by where they were lost.
package struct AttemptLosses: Hashable, Sendable {
    /// The kernel's buffer towards us was full.
    package var kernel = 0
    /// More a second than the packet filter logs.
    package var limited = 0
    /// Log messages whose packet cannot be read.
    package var unreadable = 0
    /// The kernel logged them while no agent was there to read it, or one was killed before it had told them.
    package var unattended = 0
    /// More waited for the disk than memory is set aside for.
    package var waiting = 0
    /// The disk refused them: it is full, or broken.
    package var disk = 0
    /// The oldest of a full spool.
    package var spool = 0
    /// Lines of the spool that are not what was written.
    package var damaged = 0
    /// The server did not take them, and never will.
    package var refused = 0

    package init() {}

    package var total: Int { Self.fields.reduce(0) { $0 &+ self[keyPath: $1.1] } }
    package var isEmpty: Bool { Self.fields.allSatisfy { self[keyPath: $0.1] == 0 } }

    package static func += (left: inout AttemptLosses, right: AttemptLosses) {
        for (_, field) in fields { left[keyPath: field] &+= right[keyPath: field] }
    }

    /// Only what is not zero.
    package var json: JSON {
        .object(
            Dictionary(
                Self.fields.compactMap { name, field in
                    self[keyPath: field] == 0 ? nil : (name, .integer(self[keyPath: field]))
                }, uniquingKeysWith: { first, _ in first }))
    }

    init(_ members: JSONMembers) {
        for (name, field) in Self.fields {
            let count = members.members[name]?.integerValue ?? 0
            self[keyPath: field] = min(max(count, 0), 1 << 40)
        }
    }

    private static var fields: [(String, WritableKeyPath<AttemptLosses, Int>)] {
        [
            ("kernel", \.kernel), ("limited", \.limited), ("unreadable", \.unreadable),
            ("unattended", \.unattended), ("waiting", \.waiting),
            ("disk", \.disk), ("spool", \.spool), ("damaged", \.damaged), ("refused", \.refused),
        ]
    }
}
