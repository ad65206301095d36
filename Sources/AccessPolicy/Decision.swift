package import Identity
package import NetworkAddresses

/// One new flow, as the policy sees it.
package struct Attempt: Hashable, Sendable {
    package let source: Principal
    package let destination: Principal
    package let `protocol`: TransportProtocol
    package let port: UInt16?

    package init(source: Principal, destination: Principal, protocol transport: TransportProtocol, port: UInt16?) {
        self.source = source
        self.destination = destination
        `protocol` = transport
        self.port = port
    }

    /// "tcp/5432", "icmp".
    package var service: String { port.map { "\(`protocol`.rawValue)/\($0)" } ?? `protocol`.rawValue }
}

/// Why a rule, or all of them, did not allow an attempt.
package enum NearMiss: Hashable, Sendable {
    /// No rule at hand names the source at all.
    case noRuleNamesSource
    /// The rule names the source, for these destinations only.
    case ruleForOtherDestination(RuleName, [Selector])
    /// The rule lets the source reach this destination, on these services only.
    case ruleForOtherService(RuleName, [Service])
    /// The rule allows exactly this, and these of its conditions do not hold now. Never empty.
    case conditionsNotMet(RuleName, [ConditionFailure])

    /// The person can cure it by `ztna login --step-up`.
    package var isCuredByStepUp: Bool {
        if case .conditionsNotMet(_, let failures) = self { failures.allSatisfy(\.isCuredByStepUp) } else { false }
    }
}

extension NearMiss: CustomStringConvertible {
    /// As part of a sentence: "rule interns-web allows only tcp/80".
    package var description: String {
        switch self {
        case .noRuleNamesSource: "no rule names the source"
        case .ruleForOtherDestination(let rule, let selectors):
            "rule \(rule) is only for \(selectors.map(\.text).joined(separator: ", "))"
        case .ruleForOtherService(let rule, let services):
            "rule \(rule) allows only \(services.map(\.text).joined(separator: ", "))"
        case .conditionsNotMet(let rule, let failures):
            "rule \(rule) does not hold now: \(failures.map(\.description).joined(separator: "; "))"
        }
    }
}

/// What was decided about one attempt at one moment, with its reasons.
package struct Decision: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case allowed(by: RuleName)
        /// Nearest first: rules whose conditions fail, rules for another service, rules for another destination. Never
        /// empty.
        case refused([NearMiss])
    }

    package let attempt: Attempt
    package let verdict: Verdict
    /// When it was decided, in seconds since the epoch.
    package let decidedAt: Int
    /// The next moment at which verdict or rule may be another by time alone, with the same facts; nil: never.
    package let mayChangeAt: Int?

    package init(attempt: Attempt, verdict: Verdict, decidedAt: Int, mayChangeAt: Int?) {
        self.attempt = attempt
        self.verdict = verdict
        self.decidedAt = decidedAt
        self.mayChangeAt = mayChangeAt
    }

    package var isAllowed: Bool { rule != nil }

    /// The rule that allowed it.
    package var rule: RuleName? { if case .allowed(let rule) = verdict { rule } else { nil } }

    /// Empty when allowed.
    package var nearMisses: [NearMiss] { if case .refused(let misses) = verdict { misses } else { [] } }

    /// Refused, and a renewed sign-in with MFA would change that.
    package var isCuredByStepUp: Bool { nearMisses.contains(where: \.isCuredByStepUp) }
}
