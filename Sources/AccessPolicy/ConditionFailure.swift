package import CivilTime
package import NetworkAddresses

/// One condition of a rule that does not hold now, with what is known about it.
package enum ConditionFailure: Hashable, Sendable {
    /// No MFA in the last `age` seconds; `last` is when it was, if that is known of any.
    case mfa(age: Int, last: Int?)
    case authAge(age: Int, last: Int?)
    case sessionAge(age: Int, startedAt: Int?)
    case posture(PostureCheck, PostureFailure)
    /// Closed now; opens again then, if that is known.
    case hours(WeeklyHours, opensAt: Int?)
    /// Both nil: nobody knows where the device is, or its server has not heard from it for too long.
    case place(country: CountryCode?, address: IPAddress?)
    /// Over since then.
    case until(Int)
    /// The device's own, if it said so.
    case operatingSystem(String?, allowed: Set<String>)
    case managed(required: Bool)

    package enum PostureFailure: String, Hashable, Sendable, CaseIterable { case failed, unknown, absent, stale }

    /// The person can cure it by `ztna login --step-up`.
    package var isCuredByStepUp: Bool {
        switch self {
        case .mfa, .authAge: true
        default: false
        }
    }

    /// The condition's name in a policy file.
    package var name: String {
        switch self {
        case .mfa: "mfa"
        case .authAge: "auth_age"
        case .sessionAge: "session_age"
        case .posture: "posture"
        case .hours: "hours"
        case .place: "from"
        case .until: "until"
        case .operatingSystem, .managed: "device"
        }
    }
}

extension ConditionFailure: CustomStringConvertible {
    /// As part of a sentence: "MFA within 1h is needed, and the last was 3h ago".
    package func words(now: Int) -> String {
        switch self {
        case .mfa(let age, let last):
            "MFA within \(Self.duration(age)) is needed, and \(Self.past(last, now, "no use of a second factor is known"))"
        case .authAge(let age, let last):
            "a sign-in within \(Self.duration(age)) is needed, and \(Self.past(last, now, "its time is not known"))"
        case .sessionAge(let age, let start):
            "a session younger than \(Self.duration(age)) is needed, and "
                + (start.map { "this one began \(Self.duration(Self.age(of: $0, at: now))) ago" }
                    ?? "the age of this one is not known")
        case .posture(let check, let failure):
            switch failure {
            case .failed: "the device fails the check \(check)"
            case .unknown: "the device cannot tell whether it passes the check \(check)"
            case .absent: "the device has not reported the check \(check)"
            case .stale: "the device's report of the check \(check) is too old"
            }
        case .hours(let hours, _): "it is only open \(hours.text)"
        case .place(let country, let address):
            (country.map(\.text) ?? address.map(\.description)).map { "it is only open from other places than \($0)" }
                ?? "it is only open from some places, and where the device speaks to the server from is not known now"
        case .until: "the rule has ended"
        case .operatingSystem(let system, let allowed):
            "it is only for \(allowed.sorted().joined(separator: ", ")), not for \(system ?? "an unknown system")"
        case .managed(let required): required ? "it is only for managed devices" : "it is not for managed devices"
        }
    }

    package var description: String { words(now: .max) }

    /// What the person can do about it.
    package var remedy: String {
        switch self {
        case .mfa, .authAge: "Run `ztna login --step-up`."
        case .sessionAge: "Run `ztna login --force`."
        case .posture(let check, .failed): "Repair \(check) on this device."
        case .posture: "Update or restart `ztna-agent` on this device, so that it reports its state."
        case .hours(_, let opens):
            opens.map { "Wait until \(Self.utc($0))." } ?? "Ask your administrator for other hours."
        case .place(nil, nil):
            "Look with `ztna status` whether this device is connected to the server, or ask your administrator."
        case .place: "Connect from a permitted place, or ask your administrator."
        case .until: "Ask your administrator to renew it."
        case .operatingSystem, .managed: "Use another device, or ask your administrator."
        }
    }

    private static func past(_ moment: Int?, _ now: Int, _ never: String) -> String {
        guard let moment else { return never }
        guard now != .max else { return "the last is older" }
        return "the last was \(duration(age(of: moment, at: now))) ago"
    }

    /// In seconds; nothing for what is to come. A received time may be any number.
    private static func age(of moment: Int, at now: Int) -> Int {
        guard moment < now else { return 0 }
        let (age, overflow) = now.subtractingReportingOverflow(moment)
        return overflow ? .max : age
    }

    /// "90m", "1h", "2d": the largest units that say it, at most two.
    package static func duration(_ seconds: Int) -> String {
        var rest = max(0, seconds)
        var parts: [String] = []
        for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] where rest >= size && parts.count < 2 {
            parts.append("\(rest / size)\(unit)")
            rest %= size
        }
        return parts.isEmpty ? "0s" : parts.joined(separator: " ")
    }

    /// "2026-11-21 07:00 UTC".
    package static func utc(_ moment: Int) -> String {
        guard (-ZoneTable.latest...ZoneTable.latest).contains(moment) else { return "a moment out of range" }
        let day = CivilDate.floor(moment, 86_400)
        let date = CivilDate(dayNumber: day)
        let minute = (moment - day * 86_400) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(minute / 60)):\(two(minute % 60)) UTC"
    }
}
