internal import CivilTime
package import Identity
internal import NetworkAddresses

/// Answers about all people and nodes at once, by the rules that decide about connections and nothing else.
///
/// `people` and `destinations` are the whole directory as of one moment; `now` is in seconds since the epoch.
package struct AccessQuestions: Sendable {
    /// One rule that lets one source reach one destination.
    package struct Reach: Hashable, Sendable {
        package let person: String
        package let destination: HostName
        package let rule: RuleName
        /// As the rule has them; of a question about one service, those that include it.
        package let services: [Service]
        package let chain: AccessChain
        package let conditions: Conditions
        /// The person's devices that the rule names, or none.
        package let devices: [Standing]

        /// It holds on one of them now.
        package var holdsNow: Bool { devices.contains(where: \.holds) }
        /// Until when it goes on holding on some device; nil: not by time alone, or it does not hold.
        package var endsAt: Int? {
            let holding = devices.filter(\.holds)
            return holding.contains { $0.endsAt == nil } ? nil : holding.compactMap(\.endsAt).max()
        }
    }

    /// How the rule's conditions stand for one device.
    package struct Standing: Hashable, Sendable {
        package let host: HostName
        /// Empty when they hold, and also when the device is signed out.
        package let failures: [ConditionFailure]
        package let isSignedOut: Bool
        package let endsAt: Int?

        package var holds: Bool { failures.isEmpty && !isSignedOut }
    }

    package let policy: Policy
    package let people: [DirectoryPerson]
    package let destinations: [DirectoryDestination]
    package let now: Int
    let index: PolicyIndex

    package init(policy: Policy, people: [DirectoryPerson], destinations: [DirectoryDestination], now: Int) {
        self.policy = policy
        self.people = people
        self.destinations = destinations
        self.now = now
        index = PolicyIndex(policy, now: now)
    }

    /// The same directory under another policy.
    package func under(_ other: Policy) -> AccessQuestions {
        AccessQuestions(policy: other, people: people, destinations: destinations, now: now)
    }

    /// Everybody whom some rule lets reach the destination, whatever its conditions: by person, in the policy's order.
    package func whoCanReach(_ destination: DirectoryDestination, on service: Service? = nil) -> [Reach] {
        let target = roles(of: destination)
        return people.flatMap { person in reaches(of: person, [(destination, target)], service) }
    }

    /// Everything that a person may reach, whatever the conditions: by destination, in the policy's order.
    package func whatCan(_ person: DirectoryPerson) -> [Reach] {
        reaches(of: person, destinations.map { ($0, roles(of: $0)) }, nil)
    }

    /// The same for somebody who is in one group and has nothing else: no device, no address.
    package func whatCan(_ group: GroupName) -> [Reach] {
        let member = DirectoryPerson(
            principal: policy.localGroups.assuming(Principal(describedBy: [.group(group)])), sources: [:])
        return destinations.flatMap { destination in
            common(roles(assumed: member.principal), roles(of: destination), nil).compactMap { place in
                reach(member, member.principal, destination, place, nil, devices: [])
            }
        }
    }

    /// Who somebody is on each of their devices, or without any.
    func appearances(of person: DirectoryPerson) -> [(principal: Principal, device: DirectoryDevice?)] {
        guard !person.devices.isEmpty else { return [(policy.localGroups.enriched(person.principal), nil)] }
        return person.devices.map { (policy.localGroups.enriched(person.principal(on: $0)), $0) }
    }

    func roles(of destination: DirectoryDestination) -> RuleRoles {
        index.roles(of: policy.localGroups.enriched(destination.principal))
    }

    private func roles(assumed principal: Principal) -> RuleRoles { index.roles(of: principal) }

    private func common(_ source: RuleRoles, _ destination: RuleRoles, _ service: Service?) -> [Int] {
        let rules = source.sources.common(with: destination.destinations)
        guard let service else { return rules }
        return rules.filter { policy.rules[$0].allow.contains { $0.covers(service) } }
    }

    private func reaches(
        of person: DirectoryPerson, _ targets: [(DirectoryDestination, RuleRoles)], _ service: Service?
    ) -> [Reach] {
        let appearances = appearances(of: person)
        let roles = appearances.map { index.roles(of: $0.principal) }
        var result: [Reach] = []
        for (destination, target) in targets {
            var byRule: [Int: [Int]] = [:]
            for (place, own) in roles.enumerated() {
                // A node does not reach itself over the network.
                if appearances[place].device?.node == destination.principal.node { continue }
                for rule in common(own, target, service) { byRule[rule, default: []].append(place) }
            }
            for (rule, places) in byRule.sorted(by: { $0.key < $1.key }) {
                guard let first = places.first else { continue }
                let devices = places.compactMap { appearances[$0].device }
                if let reach = reach(
                    person, appearances[first].principal, destination, rule, service, devices: devices)
                {
                    result.append(reach)
                }
            }
        }
        return result
    }

    private func reach(
        _ person: DirectoryPerson, _ principal: Principal, _ destination: DirectoryDestination, _ place: Int,
        _ service: Service?, devices: [DirectoryDevice]
    ) -> Reach? {
        let rule = policy.rules[place]
        guard let chain = AccessChain(of: principal, in: rule.sources, sources: person.sources, policy: policy) else {
            return nil
        }
        return Reach(
            person: person.label, destination: destination.host, rule: rule.name,
            services: service.map { service in rule.allow.filter { $0.covers(service) } } ?? rule.allow, chain: chain,
            conditions: rule.conditions, devices: devices.map { standing(of: $0, rule) })
    }

    private func standing(of device: DirectoryDevice, _ rule: Rule) -> Standing {
        guard let context = device.context else {
            return Standing(host: device.host, failures: [], isSignedOut: true, endsAt: nil)
        }
        switch rule.conditions.outcome(for: context, at: now, zones: policy.zones) {
        case .holds(let end): return Standing(host: device.host, failures: [], isSignedOut: false, endsAt: end)
        case .fails(let failures, _):
            return Standing(host: device.host, failures: failures, isSignedOut: false, endsAt: nil)
        }
    }
}

extension Service {
    /// Whether all that another service allows is allowed by this one.
    package func covers(_ other: Service) -> Bool {
        guard let `protocol` else { return true }
        guard other.protocol == `protocol` else { return false }
        guard let ports else { return true }
        guard let theirs = other.ports else { return false }
        return ports.lowerBound <= theirs.lowerBound && theirs.upperBound <= ports.upperBound
    }
}
