/// Which records somebody wants to see: all that is given must hold.
package struct AuditQuery: Hashable, Sendable {
    package var stream: AuditEvent.Stream?
    /// Seconds since the epoch, by the clock of whoever saw it; inclusive.
    package var since: Int?
    package var until: Int?
    /// Whoever acted or connected: an id, a name or an e-mail address. One of several forms of it.
    package var users: Set<String> = []
    /// A host name or an address of any device that was involved. One of several forms of it.
    package var hosts: Set<String> = []
    package var outcome: AuditEvent.Outcome?
    package var rule: String?
    package var action: String?

    package init() {}

    /// The same question to records in which names have become pseudonyms, and to those from before.
    package func asked(of names: Pseudonyms) -> AuditQuery {
        var query = self
        for user in users { query.users.insert(names.person(user)) }
        for host in hosts {
            query.hosts.insert(names.host(host))
            query.hosts.insert(names.address(host))
        }
        return query
    }

    /// Groups of facets: a record must have one of each. The first is likely the one that the fewest have.
    package var facets: [[String]] {
        var groups: [[String]] = []
        if !users.isEmpty { groups.append(users.map(AuditFacet.user).sorted()) }
        if !hosts.isEmpty { groups.append(hosts.map(AuditFacet.host).sorted()) }
        if let rule { groups.append([AuditFacet.rule(rule)]) }
        if let action { groups.append([AuditFacet.action(action)]) }
        if let outcome { groups.append([AuditFacet.outcome(outcome)]) }
        if let stream { groups.append([AuditFacet.stream(stream)]) }
        return groups
    }
}

/// What a record can be found by, as texts in one index.
package enum AuditFacet {
    static func user(_ text: String) -> String { "u:" + text.lowercased() }
    static func host(_ text: String) -> String { "h:" + text.lowercased() }
    static func rule(_ text: String) -> String { "r:" + text }
    static func action(_ text: String) -> String { "a:" + text }
    static func outcome(_ outcome: AuditEvent.Outcome) -> String { "o:" + outcome.rawValue }
    static func stream(_ stream: AuditEvent.Stream) -> String { "s:" + stream.rawValue }
}

extension AuditEvent {
    package var facets: Set<String> {
        var facets: Set = [
            AuditFacet.stream(stream), AuditFacet.outcome(outcome), AuditFacet.action(AuditText.cut(action)),
        ]
        var users = [source?.person, source?.label]
        if case .person(let id, let label)? = actor { users += [id, label] }
        if subject?.kind == .person { users += [subject?.id, subject?.label] }
        for case let user? in users { facets.insert(AuditFacet.user(AuditText.cut(user))) }
        let hosts = [
            host, address, source?.host, source?.address, destination?.host, destination?.address,
            subject?.kind == .node ? subject?.label : nil,
        ]
        for case let host? in hosts { facets.insert(AuditFacet.host(AuditText.cut(host))) }
        if let rule { facets.insert(AuditFacet.rule(AuditText.cut(rule))) }
        return facets
    }

    /// The same answer as the index gives.
    package func answers(_ query: AuditQuery) -> Bool {
        let own = facets
        return query.facets.allSatisfy { $0.contains(where: own.contains) } && query.since.map { time >= $0 } ?? true
            && query.until.map { time <= $0 } ?? true
    }
}
