import Identity

extension Decision {
    /// The decision in words for the person who tried: what was decided, why, and what would change it.
    ///
    /// One line; control characters in names are replaced, long lists are cut.
    package var explanation: String {
        let text =
            switch verdict {
            case .allowed(let rule):
                "Rule \(rule) lets \(sourceWords) reach \(attempt.destination.host) on \(attempt.service)."
            case .refused(let misses):
                "No rule lets \(sourceWords) reach \(attempt.destination.host) on \(attempt.service). "
                    + reason(misses) + " " + remedy(misses)
            }
        return Self.printable(text)
    }

    /// "bob@example.com (groups: interns; tags: ci)".
    private var sourceWords: String {
        let groups = attempt.source.groups.sorted().map(\.text)
        let tags = attempt.source.tags.sorted().map(\.text)
        var facts = [groups.isEmpty ? "no groups" : "groups: " + Self.list(groups)]
        if !tags.isEmpty { facts.append("tags: " + Self.list(tags)) }
        return "\(attempt.source.label) (\(facts.joined(separator: "; ")))"
    }

    private func reason(_ misses: [NearMiss]) -> String {
        let conditions = misses.compactMap { miss -> String? in
            guard case .conditionsNotMet(let rule, let failures) = miss else { return nil }
            return "Rule \(rule) would: \(failures.prefix(4).map { $0.words(now: decidedAt) }.joined(separator: "; "))."
        }
        if !conditions.isEmpty { return Self.sentences(conditions) }
        let services = misses.compactMap { miss -> String? in
            guard case .ruleForOtherService(let rule, let allow) = miss else { return nil }
            return "Rule \(rule) allows \(attempt.source.label) only \(Self.list(allow.map(\.text))) there."
        }
        if !services.isEmpty { return Self.sentences(services) }
        let destinations = misses.compactMap { miss -> String? in
            guard case .ruleForOtherDestination(let rule, let selectors) = miss else { return nil }
            return "Rule \(rule) is only for \(Self.list(selectors.map(\.text)))."
        }
        if !destinations.isEmpty { return Self.sentences(destinations) }
        return
            "No rule for \(attempt.destination.host) names this person, their groups, or device \(attempt.source.host)."
    }

    private func remedy(_ misses: [NearMiss]) -> String {
        if case .conditionsNotMet(_, let failures)? = misses.first {
            var remedies: [String] = []
            for failure in failures where !remedies.contains(failure.remedy) { remedies.append(failure.remedy) }
            return remedies.prefix(4).joined(separator: " ")
        }
        let who = attempt.source.groups.isEmpty ? "this person" : "this person or one of their groups"
        return "Ask your administrator to allow \(attempt.service) on \(attempt.destination.host) to \(who)."
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }

    private static func sentences(_ texts: [String]) -> String {
        let shown = texts.prefix(4).joined(separator: " ")
        return texts.count > 4 ? "\(shown) \(texts.count - 4) more rules are as near." : shown
    }

    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
