package import CivilTime
package import NetworkAddresses

/// What must hold beside source, destination and service: a rule's `when`. All that is present must hold.
///
/// Ages are seconds; what is not known about a source never satisfies a condition. Source: DESIGN §8.
package struct Conditions: Hashable, Sendable {
    /// Signed in with more than one factor within this many seconds.
    package var mfa: Int?
    package var authAge: Int?
    package var sessionAge: Int?
    /// In order, without repetition.
    package var posture: [PostureCheck] = []
    package var hours: WeeklyHours?
    /// The source's place is in one of these countries or networks; both empty: anywhere.
    package var countries: Set<CountryCode> = []
    package var networks: [IPPrefix] = []
    /// Seconds since the epoch; from then on the rule is over.
    package var until: Int?
    /// As registrations name them; empty: any.
    package var operatingSystems: Set<String> = []
    package var managed: Bool?

    /// A fact this many seconds ahead of our clock is believed: clocks differ.
    package static var skew: Int { 60 }

    package init() {}

    package var isEmpty: Bool { self == Conditions() }

    /// Whether they hold at one moment, and until or from when that may change by time alone.
    package enum Outcome: Hashable, Sendable {
        case holds(until: Int?)
        /// In the order of this type's members; `mayChangeAt` is nil when time alone cures nothing.
        case fails([ConditionFailure], mayChangeAt: Int?)
    }

    /// What the conditions on time alone say, for all sources.
    struct Clock: Hashable, Sendable {
        var isOver = false
        var isClosed = false
        /// The next moment at which hours open or close, or the rule ends.
        var change: Int?
    }

    func clock(at now: Int, zones: [String: ZoneTable]) -> Clock {
        var clock = Clock()
        if let until {
            clock.isOver = now >= until
            if !clock.isOver { clock.change = until }
        }
        if let hours, !clock.isOver {
            let table = zones[hours.zone]
            clock.isClosed = !(table.map { hours.isOpen(at: now, in: $0) } ?? false)
            let change = table.flatMap { hours.nextChange(after: now, in: $0) }
            clock.change = [clock.change, change].compactMap(\.self).min()
        }
        return clock
    }

    package func outcome(for context: Context, at now: Int, zones: [String: ZoneTable]) -> Outcome {
        outcome(for: context, at: now, clock: clock(at: now, zones: zones))
    }

    func outcome(for context: Context, at now: Int, clock: Clock) -> Outcome {
        var failures: [ConditionFailure] = []
        var ends = clock.change
        // When each of those that fail may hold, as far as time alone brings that about.
        var openings: [Int] = []
        func age(_ age: Int?, since moment: Int?, _ failure: (Int, Int?) -> ConditionFailure) {
            guard let age else { return }
            guard let moment, moment <= now + Self.skew, let end = Self.sum(moment, age), end > now else {
                failures.append(failure(age, moment))
                if let moment, moment > now + Self.skew { openings.append(moment - Self.skew) }
                return
            }
            ends = min(ends ?? end, end)
        }
        age(mfa, since: context.mfaAt) { .mfa(age: $0, last: $1) }
        age(authAge, since: context.authTime) { .authAge(age: $0, last: $1) }
        age(sessionAge, since: context.sessionStartedAt) { .sessionAge(age: $0, startedAt: $1) }
        if !posture.isEmpty { checkPosture(context.posture, at: now, &failures, &ends) }
        if clock.isClosed, let hours {
            failures.append(.hours(hours, opensAt: clock.change))
            if let change = clock.change { openings.append(change) }
        }
        checkPlace(context, at: now, &failures, &ends)
        if clock.isOver, let until { failures.append(.until(until)) }
        if !operatingSystems.isEmpty, !(context.operatingSystem.map(operatingSystems.contains) ?? false) {
            failures.append(.operatingSystem(context.operatingSystem, allowed: operatingSystems))
        }
        if let managed, context.isManaged != managed { failures.append(.managed(required: managed)) }
        guard failures.isEmpty else {
            // One that time does not cure keeps the rule closed whatever the others do.
            return .fails(failures, mayChangeAt: openings.count == failures.count ? openings.min() : nil)
        }
        return .holds(until: ends)
    }

    private func checkPosture(
        _ report: PostureReport?, at now: Int, _ failures: inout [ConditionFailure], _ ends: inout Int?
    ) {
        let end = report.flatMap { Self.sum($0.takenAt, PostureReport.lifetime) }
        // Devices report with their own clock; one that is ahead has to report again.
        let isCurrent = report.map { $0.takenAt <= now + Self.skew && (end ?? now) > now } ?? false
        for check in posture {
            switch (report?.checks[check], isCurrent) {
            case (nil, _): failures.append(.posture(check, .absent))
            case (_, false): failures.append(.posture(check, .stale))
            case (.fail, _): failures.append(.posture(check, .failed))
            case (.unknown, _): failures.append(.posture(check, .unknown))
            case (.pass, _): if let end { ends = min(ends ?? end, end) }
            }
        }
    }

    private func checkPlace(
        _ context: Context, at now: Int, _ failures: inout [ConditionFailure], _ ends: inout Int?
    ) {
        if countries.isEmpty && networks.isEmpty { return }
        // Where a device was some time ago says nothing of where it is.
        if let end = context.placeUntil, end <= now { return failures.append(.place(country: nil, address: nil)) }
        guard holdsPlace(context) else {
            return failures.append(.place(country: context.country, address: context.address))
        }
        if let end = context.placeUntil { ends = min(ends ?? end, end) }
    }

    private func holdsPlace(_ context: Context) -> Bool {
        if let country = context.country, countries.contains(country) { return true }
        guard let address = context.address else { return false }
        return networks.contains { $0.contains(address) }
    }

    /// Nil when it is beyond all numbers: a received time may be any.
    private static func sum(_ moment: Int, _ seconds: Int) -> Int? {
        let (sum, overflow) = moment.addingReportingOverflow(seconds)
        return overflow ? nil : sum
    }
}
