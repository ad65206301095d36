package import Identity

/// How a rule came to name somebody, from the person to the rule: a group of an identity provider with its source, or what
/// else is theirs, then the groups of the policy's own that it leads into.
package struct AccessChain: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        /// `user:`, `tag:`, `device:` or `*`.
        case named(Selector)
        /// The policy defines it; the step before says what put them in.
        case localGroup(GroupName)
        /// Said by these sources; none where the question only supposes it.
        case group(GroupName, sources: [String])
    }

    package let steps: [Step]

    /// Nil when none of the selectors names the principal, who is in the local groups already.
    init?(of principal: Principal, in selectors: [Selector], sources: [GroupName: [String]], policy: Policy) {
        guard var selector = selectors.first(where: { $0.matches(principal) }) else { return nil }
        var steps: [Step] = []
        // Local groups are never made of each other in a circle.
        while case .group(let name) = selector {
            guard let reason = policy.localGroups.reason(principal, isIn: name) else {
                steps.append(.group(name, sources: (sources[name] ?? []).sorted()))
                self.steps = steps.reversed()
                return
            }
            steps.append(.localGroup(name))
            selector = reason
        }
        steps.append(.named(selector))
        self.steps = steps.reversed()
    }

    /// "group dev (scim)", "group staff (policy)".
    package var texts: [String] {
        steps.map { step in
            switch step {
            case .named(.everyone): "everyone"
            case .named(let selector): selector.text
            case .localGroup(let name): "group \(name) (policy)"
            case .group(let name, let sources):
                "group \(name)" + (sources.isEmpty ? "" : " (\(sources.joined(separator: ", ")))")
            }
        }
    }
}
