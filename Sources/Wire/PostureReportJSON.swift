package import AccessPolicy
package import StrictJSON

extension PostureReport {
    /// No report names more checks.
    package static var maximumChecks: Int { 64 }

    /// As a node authorization carries it: `at` (seconds since the epoch) and `checks`, each `pass`, `fail` or `unknown`.
    package var json: JSON {
        let results = checks.map { ($0.key.text, JSON.string($0.value.rawValue)) }
        return [
            "at": .integer(takenAt), "checks": .object(Dictionary(results, uniquingKeysWith: { first, _ in first })),
        ]
    }

    /// Errors: `malformed("posture")`, also for a result that this version does not know.
    package init(json: JSON) throws(WireError) {
        guard let members = json.objectValue, let moment = members["at"]?.integerValue, moment >= 0,
            let results = members["checks"]?.objectValue, results.count <= Self.maximumChecks
        else { throw .malformed("posture") }
        var checks: [PostureCheck: Result] = [:]
        for (name, value) in results {
            guard let check = try? PostureCheck(name), let result = value.stringValue.flatMap(Result.init(rawValue:))
            else { throw .malformed("posture") }
            checks[check] = result
        }
        self.init(takenAt: moment, checks: checks)
    }
}
