import StrictJSON

/// What a step found out: facts for its line, and its own measure where that is not simply its duration.
struct Finding {
    var facts: [String]
    /// Milliseconds.
    var measured: Int?
    var isSkipped = false

    init(_ facts: String..., measured: Int? = nil) {
        self.facts = facts
        self.measured = measured
    }

    static func skipped(_ reason: String) -> Finding {
        var finding = Finding("skipped: " + reason)
        finding.isSkipped = true
        return finding
    }
}

/// One step that is over.
struct Step {
    let name: String
    let isOK: Bool
    let isSkipped: Bool
    let milliseconds: Int
    let facts: [String]

    var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name), "ok": .bool(isOK), "milliseconds": .integer(milliseconds),
            "detail": .string(facts.map(Self.withoutFullStop).joined(separator: "; ")),
        ]
        if isSkipped { members["skipped"] = true }
        return .object(members)
    }

    private static func withoutFullStop(_ fact: String) -> String {
        fact.hasSuffix(".") ? String(fact.dropLast()) : fact
    }
}
