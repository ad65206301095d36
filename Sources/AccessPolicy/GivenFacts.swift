package import Identity
package import NetworkAddresses

/// What a policy test or a question supposes about the source: only conditions on these facts are asked, all others are
/// taken to hold.
///
/// So a test without facts asks what a person may ever reach, and one with `mfa: never` what is left without MFA.
package struct GivenFacts: Hashable, Sendable {
    package enum Age: Hashable, Sendable {
        case never
        case seconds(Int)

        func moment(before now: Int) -> Int? {
            guard case .seconds(let age) = self else { return nil }
            let (moment, overflow) = now.subtractingReportingOverflow(age)
            return overflow ? nil : moment
        }
    }

    /// When the question is asked, in seconds since the epoch; nil: hours are taken to be open, and `until` is asked now.
    package var at: Int?
    package var mfa: Age?
    package var authAge: Age?
    package var sessionAge: Age?
    /// Checks that are not named are absent.
    package var posture: [PostureCheck: PostureReport.Result]?
    package var country: CountryCode?
    package var address: IPAddress?
    package var operatingSystem: String?
    package var isManaged: Bool?

    package init() {}

    func context(at now: Int) -> Context {
        Context(
            authTime: authAge?.moment(before: now), mfaAt: mfa?.moment(before: now),
            sessionStartedAt: sessionAge?.moment(before: now),
            posture: posture.map { PostureReport(takenAt: now, checks: $0) }, address: address, country: country,
            operatingSystem: operatingSystem, isManaged: isManaged)
    }

    /// Those of some conditions that are asked.
    func asked(of conditions: Conditions) -> Conditions {
        var asked = conditions
        if mfa == nil { asked.mfa = nil }
        if authAge == nil { asked.authAge = nil }
        if sessionAge == nil { asked.sessionAge = nil }
        if posture == nil { asked.posture = [] }
        if at == nil { asked.hours = nil }
        if country == nil && address == nil {
            asked.countries = []
            asked.networks = []
        }
        if operatingSystem == nil { asked.operatingSystems = [] }
        if isManaged == nil { asked.managed = nil }
        return asked
    }
}

extension Policy {
    /// The same policy with only those conditions that some facts are given for.
    package func asking(_ given: GivenFacts) -> Policy {
        guard rules.contains(where: { !$0.conditions.isEmpty }) else { return self }
        return Policy(
            rules: rules.map { rule in
                Rule(
                    name: rule.name, sources: rule.sources, destinations: rule.destinations, allow: rule.allow,
                    conditions: given.asked(of: rule.conditions))
            }, tests: tests, zones: zones, localGroups: localGroups, revision: revision)
    }

    /// What would be decided if these facts were so, and all conditions on others held.
    package func decide(
        source: Principal, destination: Principal, protocol transport: TransportProtocol, port: UInt16?,
        given: GivenFacts, now: Int
    ) -> Decision {
        let moment = given.at ?? now
        return asking(given).decide(
            source: source, destination: destination, protocol: transport, port: port,
            context: given.context(at: moment), now: moment)
    }
}

extension GivenFacts {
    /// "mfa never, from FR"; empty when nothing is given.
    package var words: String {
        var parts: [String] = []
        for (name, age) in [("mfa", mfa), ("auth_age", authAge), ("session_age", sessionAge)] {
            switch age {
            case .never: parts.append("\(name) never")
            case .seconds(let seconds): parts.append("\(name) \(ConditionFailure.duration(seconds))")
            case nil: break
            }
        }
        if let at { parts.append("at \(ConditionFailure.utc(at))") }
        if let place = country?.text ?? address?.description { parts.append("from \(place)") }
        for (check, result) in (posture ?? [:]).sorted(by: { $0.key < $1.key }) {
            parts.append("\(check) \(result.rawValue)")
        }
        if let operatingSystem { parts.append("on \(operatingSystem)") }
        if let isManaged { parts.append(isManaged ? "managed" : "not managed") }
        return parts.joined(separator: ", ")
    }
}
