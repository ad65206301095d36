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
        }
    }
}

/// What was decided about one attempt, with its reasons.
package struct Decision: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case allowed(by: RuleName)
        /// Nearest first: rules for another service, then rules for another destination. Never empty.
        case refused([NearMiss])
    }

    package let attempt: Attempt
    package let verdict: Verdict

    package var isAllowed: Bool { rule != nil }

    /// The rule that allowed it.
    package var rule: RuleName? { if case .allowed(let rule) = verdict { rule } else { nil } }

    /// Empty when allowed.
    package var nearMisses: [NearMiss] { if case .refused(let misses) = verdict { misses } else { [] } }
}
