import Identity
import NetworkAddresses
import Testing

@testable import AccessPolicy

/// A small directory whose people, devices and groups meet often.
private struct SmallDirectory {
    var people: [DirectoryPerson] = []
    var destinations: [DirectoryDestination] = []

    init(_ random: inout RandomPolicies) throws {
        for number in 0..<6 {
            let described = try random.principal()
            let person = try Self.id("P", number)
            let base = DirectoryPerson.withoutDevice(
                person: person, email: described.email, displayName: "person-\(number)",
                provider: try #require(ProviderID("corp")), groups: described.groups)
            var devices: [DirectoryDevice] = []
            for device in 0..<random.pick([0, 1, 1, 2]) {
                let looks = try random.principal()
                devices.append(
                    DirectoryDevice(
                        node: try Self.id("N", number * 2 + device),
                        host: looks.host.text.hasPrefix("unnamed")
                            ? try #require(HostName("d-\(number)-\(device)")) : looks.host,
                        tags: looks.tags, context: random.pick([0, 1, 2]) == 0 ? nil : try random.context()))
            }
            let entry = DirectoryPerson(principal: base, sources: [:], devices: devices)
            people.append(entry)
            for device in devices {
                destinations.append(DirectoryDestination(principal: entry.principal(on: device), person: entry.label))
            }
        }
    }

    private static func id(_ letter: Character, _ number: Int) throws -> RecordID {
        let digit = Character(UnicodeScalar(UInt8(65 + number)))
        return try #require(RecordID("\(letter)\(digit)" + String(repeating: "A", count: 20)))
    }

    /// Everybody as somebody who may open connections, with the device if there is one.
    func appearances(_ policy: Policy) -> [(person: Int, principal: Principal, device: DirectoryDevice?)] {
        people.enumerated().flatMap { place, person in
            person.devices.isEmpty
                ? [(place, policy.localGroups.enriched(person.principal), nil)]
                : person.devices.map { (place, policy.localGroups.enriched(person.principal(on: $0)), $0) }
        }
    }
}

extension RandomPolicies {
    /// With groups of the policy's own, which some rules name.
    fileprivate mutating func policyWithGroups() throws -> Policy {
        let policy = try policy()
        let groups = try LocalGroups([
            try #require(GroupName("dba")): [
                try Selector(parsing: pick(["user:a@example.com", "tag:web", "device:db-1"]))
            ],
            try #require(GroupName("staff")): [
                try Selector(parsing: pick(["group:dba", "group:ops", "user:b@example.com"]))
            ],
        ])
        var rules = policy.rules
        rules.append(
            Rule(
                name: try RuleName("staff"), sources: [try Selector(parsing: "group:staff")],
                destinations: [try Selector(parsing: pick(["tag:prod", "*", "device:db-1"]))],
                allow: [try Service(parsing: pick(["tcp/22", "udp", "tcp/1-20"]))]))
        return Policy(rules: rules, zones: policy.zones, localGroups: groups, revision: "r\(rules.hashValue)")
    }
}

/// Whether something is so for a port, told by the plain evaluator one attempt at a time.
private struct Reachable: Hashable {
    let person: String
    let destination: HostName
    let `protocol`: TransportProtocol
    let port: UInt16?
}

@Suite struct `Questions over a directory, against one decision after the other` {
    private static let now = 1020

    /// What people may open when all conditions hold.
    private func expected(_ directory: SmallDirectory, _ policy: Policy) -> Set<Reachable> {
        let free = policy.asking(GivenFacts())
        var result: Set<Reachable> = []
        for (person, principal, device) in directory.appearances(policy) {
            for destination in directory.destinations where destination.principal.node != device?.node {
                for transport in TransportProtocol.allCases {
                    for port in Oracle.ports(of: transport) {
                        let decision = free.decide(
                            source: principal, destination: policy.localGroups.enriched(destination.principal),
                            protocol: transport, port: port, now: 0)
                        guard decision.isAllowed else { continue }
                        result.insert(
                            Reachable(
                                person: "\(person)", destination: destination.host, protocol: transport, port: port))
                    }
                }
            }
        }
        return result
    }

    private func told(_ reaches: [AccessQuestions.Reach], _ person: Int) -> Set<Reachable> {
        var result: Set<Reachable> = []
        for reach in reaches {
            for transport in TransportProtocol.allCases {
                for port in Oracle.ports(of: transport)
                where reach.services.contains(where: { $0.includes(transport, port: port) }) {
                    result.insert(
                        Reachable(
                            person: "\(person)", destination: reach.destination, protocol: transport, port: port))
                }
            }
        }
        return result
    }

    @Test(arguments: 0..<25)
    func `who can reach, and what can be reached`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed)
        let policy = try random.policyWithGroups()
        let directory = try SmallDirectory(&random)
        let questions = AccessQuestions(
            policy: policy, people: directory.people, destinations: directory.destinations, now: Self.now)
        let expected = expected(directory, policy)
        var byPerson: Set<Reachable> = []
        for (place, person) in directory.people.enumerated() {
            let reaches = questions.whatCan(person)
            byPerson.formUnion(told(reaches, place))
            for reach in reaches { try check(reach, person, questions) }
        }
        #expect(byPerson == expected)
        var byDestination: Set<Reachable> = []
        for destination in directory.destinations {
            let reaches = questions.whoCanReach(destination)
            for (place, person) in directory.people.enumerated() {
                // Labels of people may be equal: the order tells them apart.
                let own = questions.whoCanReach(destination).filter { $0.person == person.label }
                #expect(reaches.filter { $0.person == person.label } == own)
                if directory.people.filter({ $0.label == person.label }).count == 1 {
                    byDestination.formUnion(told(own, place))
                }
            }
            let one = try Service(parsing: "tcp/22")
            for reach in questions.whoCanReach(destination, on: one) {
                #expect(reach.services.allSatisfy { $0.includes(.tcp, port: 22) } && !reach.services.isEmpty)
            }
            #expect(
                Set(questions.whoCanReach(destination, on: one).map { [$0.person, $0.rule.text] })
                    == Set(
                        reaches.filter { $0.services.contains { $0.includes(.tcp, port: 22) } }.map {
                            [$0.person, $0.rule.text]
                        }))
        }
        let unique = directory.people.enumerated().filter { one in
            directory.people.filter { $0.label == one.element.label }.count == 1
        }.map { "\($0.offset)" }
        #expect(byDestination == expected.filter { unique.contains($0.person) })
    }

    /// Whether it holds now is what the evaluator says of that rule alone, on that device.
    private func check(
        _ reach: AccessQuestions.Reach, _ person: DirectoryPerson, _ questions: AccessQuestions
    ) throws {
        let policy = questions.policy
        let rule = try #require(policy.rules.first { $0.name == reach.rule })
        #expect(!reach.chain.texts.isEmpty)
        let alone = Policy(
            rules: [rule], zones: policy.zones, localGroups: policy.localGroups, revision: "alone")
        for standing in reach.devices {
            let device = try #require(person.devices.first { $0.host == standing.host })
            guard person.devices.filter({ $0.host == standing.host }).count == 1 else { continue }
            let destinations = questions.destinations.filter { $0.host == reach.destination }
            guard destinations.count == 1, let destination = destinations.first else { continue }
            let grants = alone.grants(
                from: policy.localGroups.enriched(person.principal(on: device)),
                to: policy.localGroups.enriched(destination.principal), context: device.context ?? .unknown,
                now: Self.now)
            #expect(standing.holds == (device.context != nil && !grants.list.isEmpty))
            if standing.holds { #expect(standing.endsAt == grants.list.first?.endsAt) }
        }
    }

    @Test(arguments: 0..<25)
    func `what would be gained and lost`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed &+ 1000)
        let policy = try random.policyWithGroups().withoutConditions
        let other = try random.policyWithGroups().withoutConditions
        let directory = try SmallDirectory(&random)
        let questions = AccessQuestions(
            policy: policy, people: directory.people, destinations: directory.destinations, now: Self.now)
        guard Set(directory.people.map(\.label)).count == directory.people.count,
            Set(directory.destinations.map(\.host)).count == directory.destinations.count
        else { return }
        let before = expected(directory, policy)
        compare(questions.under(other), before, expected(directory, other), directory)

        let ops = try #require(GroupName("ops"))
        for (place, person) in directory.people.enumerated() {
            var joined = directory
            var principal = person.principal
            principal.groups.insert(ops)
            joined.people[place] = DirectoryPerson(principal: principal, sources: [:], devices: person.devices)
            let after = expected(joined, policy).filter { $0.person == "\(place)" }
            let own = before.filter { $0.person == "\(place)" }
            compare(questions.ifMember(person, joining: ops), own, after, directory)
            principal.groups.remove(ops)
            joined.people[place] = DirectoryPerson(principal: principal, sources: [:], devices: person.devices)
            let less = expected(joined, policy).filter { $0.person == "\(place)" }
            compare(questions.ifMember(person, leaving: ops), own, less, directory)
        }
    }

    private func compare(
        _ changes: AccessQuestions.Changes, _ before: Set<Reachable>, _ after: Set<Reachable>,
        _ directory: SmallDirectory
    ) {
        func points(_ list: [AccessChange]) -> Set<Reachable> {
            var result: Set<Reachable> = []
            for change in list {
                guard let place = directory.people.firstIndex(where: { $0.label == change.person }) else { continue }
                let services = change.services.compactMap { try? Service(parsing: $0) }
                #expect(services.count == change.services.count)
                for transport in TransportProtocol.allCases {
                    for port in Oracle.ports(of: transport)
                    where services.contains(where: { $0.includes(transport, port: port) }) {
                        result.insert(
                            Reachable(
                                person: "\(place)", destination: change.destination, protocol: transport, port: port))
                    }
                }
            }
            return result
        }
        // Nothing is reached on port 0 or on one that is not known.
        func real(_ points: Set<Reachable>) -> Set<Reachable> {
            points.filter { $0.protocol == .icmp || ($0.port ?? 0) > 0 }
        }
        #expect(real(points(changes.gained)) == real(after.subtracting(before)))
        #expect(real(points(changes.lost)) == real(before.subtracting(after)))
    }

    @Test(arguments: 0..<10)
    func `the matrix of groups`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed &+ 2000)
        let policy = try random.policyWithGroups()
        let directory = try SmallDirectory(&random)
        let questions = AccessQuestions(
            policy: policy, people: directory.people, destinations: directory.destinations, now: Self.now)
        let matrix = GroupMatrix(questions)
        for row in matrix.rows {
            let member = policy.localGroups.assuming(Principal(describedBy: [.group(row.group)]))
            for (destination, cell) in zip(matrix.destinations, row.cells) {
                guard case .tag(let tag) = destination else { continue }
                let target = policy.localGroups.enriched(Principal(describedBy: [.tag(tag)]))
                let allowed = policy.rules.filter { $0.names(source: member) && $0.names(destination: target) }
                let services = PortSets(allowed.flatMap(\.allow))
                #expect(services.isEmpty == cell.isEmpty)
                let free = PortSets(allowed.filter(\.conditions.isEmpty).flatMap(\.allow))
                #expect(cell.filter { !$0.hasSuffix("*") } == free.texts)
            }
        }
    }

    @Test func `a group of the policy's own is joined and left with all that follows from it`() throws {
        let dba = try #require(GroupName("dba"))
        let policy = Policy(
            rules: [
                try rule("x", ["group:staff"], ["tag:web"], ["tcp/443"]),
                try rule("y", ["group:dba"], ["tag:web"], ["tcp/22"]),
            ],
            localGroups: try LocalGroups([
                try #require(GroupName("staff")): [try Selector(parsing: "group:dba")],
                dba: [try Selector(parsing: "user:a@example.com")],
            ]), revision: "1")
        let target = DirectoryDestination(principal: try principal("tag:web", "device:web-1"), person: nil)
        let alice = DirectoryPerson(principal: try principal("user:a@example.com"), sources: [:])
        let bob = DirectoryPerson(principal: try principal("user:b@example.com"), sources: [:])
        let questions = AccessQuestions(policy: policy, people: [alice, bob], destinations: [target], now: 0)
        let left = questions.ifMember(alice, leaving: dba)
        #expect(left.gained.isEmpty && left.lost.flatMap(\.services) == ["tcp/22", "tcp/443"])
        let joined = questions.ifMember(bob, joining: dba)
        #expect(joined.lost.isEmpty && joined.gained.flatMap(\.services) == ["tcp/22", "tcp/443"])
        #expect(questions.ifMember(alice, joining: dba).isEmpty && questions.ifMember(bob, leaving: dba).isEmpty)
    }

    @Test func `a chain names each group on the way, and its source`() throws {
        let policy = Policy(
            rules: [try rule("x", ["group:staff"], ["tag:web"], ["tcp/443"])],
            localGroups: try LocalGroups([
                try #require(GroupName("staff")): [try Selector(parsing: "group:dev")],
                try #require(GroupName("dev")): [
                    try Selector(parsing: "group:engineering"), try Selector(parsing: "user:a@example.com"),
                ],
            ]), revision: "1")
        let engineering = try #require(GroupName("engineering"))
        let target = DirectoryDestination(principal: try principal("tag:web", "device:web-1"), person: nil)
        for (groups, sources, texts) in [
            (
                Set([engineering]), [engineering: ["scim", "token-claim"]],
                ["group engineering (scim, token-claim)", "group dev (policy)", "group staff (policy)"]
            ),
            ([], [:], ["user:a@example.com", "group dev (policy)", "group staff (policy)"]),
        ] as [(Set<GroupName>, [GroupName: [String]], [String])] {
            var somebody = try principal("user:a@example.com")
            somebody.groups = groups
            let person = DirectoryPerson(principal: somebody, sources: sources)
            let questions = AccessQuestions(policy: policy, people: [person], destinations: [target], now: 0)
            let reach = try #require(questions.whoCanReach(target).first)
            #expect(reach.chain.texts == texts)
            #expect(!reach.holdsNow && reach.devices.isEmpty)
        }
    }
}

extension Policy {
    fileprivate var withoutConditions: Policy {
        Policy(
            rules: rules.map {
                Rule(name: $0.name, sources: $0.sources, destinations: $0.destinations, allow: $0.allow)
            },
            localGroups: localGroups, revision: revision)
    }
}
