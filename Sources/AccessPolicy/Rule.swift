package import Identity
package import NetworkAddresses
package import StrictJSON

/// One permission: any of the sources may open any of the services at any of the destinations.
package struct Rule: Hashable, Sendable {
    package let name: RuleName
    package let sources: [Selector]
    package let destinations: [Selector]
    package let allow: [Service]
    /// `when`: all of it must hold, too.
    package let conditions: Conditions

    /// No list of a rule may be longer than this.
    package static var maximumListLength: Int { 1000 }

    package init(
        name: RuleName, sources: [Selector], destinations: [Selector], allow: [Service],
        conditions: Conditions = Conditions()
    ) {
        self.name = name
        self.sources = sources
        self.destinations = destinations
        self.allow = allow
        self.conditions = conditions
    }

    package func names(source principal: Principal) -> Bool { sources.contains { $0.matches(principal) } }
    package func names(destination principal: Principal) -> Bool { destinations.contains { $0.matches(principal) } }

    package func allows(_ transport: TransportProtocol, port: UInt16?) -> Bool {
        allow.contains { $0.includes(transport, port: port) }
    }
}

extension Rule {
    /// As a signed policy slice carries it: `name`, `source`, `destination`, `allow`, the last three lists of text, and
    /// `when` where there are conditions.
    package var json: JSON {
        var members: [String: JSON] = [
            "name": .string(name.text),
            "source": .array(sources.map { .string($0.text) }),
            "destination": .array(destinations.map { .string($0.text) }),
            "allow": .array(allow.map { .string($0.text) }),
        ]
        if !conditions.isEmpty { members["when"] = conditions.json }
        return .object(members)
    }

    /// Refuses members that it does not know: a condition that is ignored would widen the rule.
    package init(json: JSON) throws(PolicyError) {
        guard let members = json.objectValue else { throw .member("rule") }
        let known: Set = ["name", "source", "destination", "allow", "when"]
        if let unknown = members.keys.filter({ !known.contains($0) }).min() { throw .unknownMember(unknown) }
        guard let name = members["name"]?.stringValue else { throw .member("name") }
        self.init(
            name: try RuleName(name),
            sources: try Self.list("source", of: members, Selector.init(parsing:)),
            destinations: try Self.list("destination", of: members, Selector.init(parsing:)),
            allow: try Self.list("allow", of: members, Service.init(parsing:)),
            conditions: try members["when"].map { json throws(PolicyError) in try Conditions(json: json) }
                ?? Conditions())
    }

    private static func list<Element>(
        _ name: String, of members: [String: JSON], _ parse: (String) throws(PolicyError) -> Element
    ) throws(PolicyError) -> [Element] {
        guard let elements = members[name]?.arrayValue, (1...maximumListLength).contains(elements.count) else {
            throw .member(name)
        }
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        for element in elements {
            guard let text = element.stringValue else { throw .member(name) }
            result.append(try parse(text))
        }
        return result
    }
}
