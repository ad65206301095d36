import AccessPolicy
import ArgumentParser
import Identity
import NetworkAddresses

/// What questions to a large policy cost.
struct PolicyBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Decisions, the access matrix, compiling grants and comparing policies, with many rules and people.")

    @Option(help: "Rules of the policy.") var rules = 10_000
    @Option(help: "People, each in five groups.") var people = 10_000
    @Option(help: "Groups.") var groups = 1_000
    @Option(help: "Nodes that rules lead to, each with two tags.") var destinations = 1_000
    @Option(help: "Grants of one node.") var grants = 100_000
    @Option(help: "Nodes of the network when another policy comes into force.") var nodes = 10_000
    @Option(help: "Decisions that are measured.") var decisions = 1_000_000
    @OptionGroup var output: Output

    mutating func run() async throws {
        let population = try PolicyPopulation(people: people, groups: groups, destinations: destinations)
        let policy = try population.policy(rules: rules)
        var rows = try decisionRows(population, policy)
        rows += matrixRows(population, policy)
        rows += questionRows(population, policy)
        rows += try differenceRows(population, policy)
        rows += try GrantsCompiled(count: grants).rows()
        rows += try await PolicyInForce(nodes: nodes).rows()
        output.show(
            rows,
            notes: [
                "\(people) people in \(groups) groups, \(destinations) destinations, \(rules) rules; CPU time of one thread."
            ])
    }

    /// One decision, asked of the index by roles that are known, as a gateway or filter asks; beside it the plain evaluator.
    private func decisionRows(_ population: PolicyPopulation, _ policy: Policy) throws -> [Row] {
        let crowded = try population.policy(rules: rules / 10, idle: rules - rules / 10)
        let lonely = try population.policy(rules: rules / 10)
        let each = decision(population, policy)
        let plain = plainDecision(population, policy)
        return [
            Row(
                name: "decision, \(rules) rules", value: each, unit: "ns", reference: "plain evaluator",
                referenceValue: plain),
            Row(
                name: "decision, nine rules in ten for others", value: decision(population, crowded), unit: "ns",
                reference: "without those rules", referenceValue: decision(population, lonely)),
            Row(
                name: "index of \(rules) rules", value: best { _ = PolicyIndex(policy, now: 0) } * 1e3, unit: "ms",
                reference: "roles of \(people) people",
                referenceValue: {
                    let index = PolicyIndex(policy, now: 0)
                    return best { for person in population.people { _ = index.roles(of: person) } } * 1e3
                }()),
        ]
    }

    private func decision(_ population: PolicyPopulation, _ policy: Policy) -> Double {
        let index = PolicyIndex(policy, now: 1_000_000)
        let sources = population.people.map(index.roles)
        let targets = population.destinations.map(index.roles)
        let context = Context(mfaAt: 999_000)
        var numbers = RepeatableNumbers(seed: 3)
        // Drawn beforehand: what is measured is the decision.
        let attempts = (0..<65_536).map { _ in
            (
                Int.random(in: 0..<sources.count, using: &numbers), Int.random(in: 0..<targets.count, using: &numbers),
                UInt16.random(in: 1...10_000, using: &numbers)
            )
        }
        var allowed = 0
        let seconds = best {
            for number in 0..<decisions {
                let (source, target, port) = attempts[number & 65_535]
                let answer = index.answer(
                    from: sources[source], to: targets[target], protocol: .tcp, port: port, context: context)
                if answer.rule != nil { allowed += 1 }
            }
        }
        return seconds / Double(max(1, decisions)) * 1e9
    }

    private func plainDecision(_ population: PolicyPopulation, _ policy: Policy) -> Double {
        let context = Context(mfaAt: 999_000)
        let count = max(1, decisions / 20_000)
        var numbers = RepeatableNumbers(seed: 3)
        var allowed = 0
        let seconds = best {
            for _ in 0..<count {
                let decision = policy.decide(
                    source: population.people[Int.random(in: 0..<people, using: &numbers)],
                    destination: population.destinations[Int.random(in: 0..<destinations, using: &numbers)],
                    protocol: .tcp, port: UInt16.random(in: 1...10_000, using: &numbers), context: context,
                    now: 1_000_000)
                if decision.isAllowed { allowed += 1 }
            }
        }
        return seconds / Double(count) * 1e9
    }

    /// From principals to all cells; beside it each pair asked whether any rule concerns it.
    private func matrixRows(_ population: PolicyPopulation, _ policy: Policy) -> [Row] {
        let all = best {
            let index = PolicyIndex(policy, now: 0)
            let matrix = AccessMatrix(
                sources: population.people.map(index.roles), destinations: population.destinations.map(index.roles))
            var cells = 0
            for place in 0..<matrix.destinationCount { cells += matrix.cells(to: place).count }
        }
        let index = PolicyIndex(policy, now: 0)
        let sources = population.people.map(index.roles)
        let targets = population.destinations.map(index.roles)
        var count = 0
        let pairs = best {
            for source in sources { for target in targets where source.mayReach(target) { count += 1 } }
        }
        return [
            Row(
                name: "matrix, \(people) × \(destinations)", value: all * 1e3, unit: "ms",
                reference: "each pair by itself", referenceValue: pairs * 1e3)
        ]
    }

    /// Over everybody, with chains and conditions; beside it one plain decision for everybody.
    private func questionRows(_ population: PolicyPopulation, _ policy: Policy) -> [Row] {
        let people = population.people.map { principal in
            DirectoryPerson(
                principal: principal, sources: [:],
                devices: [
                    DirectoryDevice(
                        node: principal.node, host: principal.host, tags: [], context: Context(mfaAt: 999_000))
                ])
        }
        let destinations = population.destinations.map { DirectoryDestination(principal: $0, person: nil) }
        let reach = best {
            let questions = AccessQuestions(
                policy: policy, people: people, destinations: destinations, now: 1_000_000)
            if let destination = destinations.first { _ = questions.whoCanReach(destination) }
        }
        let matrix = best {
            let questions = AccessQuestions(
                policy: policy, people: people, destinations: destinations, now: 1_000_000)
            _ = GroupMatrix(questions)
        }
        let plain = plainDecision(population, policy) / 1e9 * Double(people.count)
        return [
            Row(
                name: "who-can-reach, \(people.count) people", value: reach * 1e3, unit: "ms",
                reference: "one plain decision each", referenceValue: plain * 1e3),
            Row(
                name: "matrix of \(groups) groups", value: matrix * 1e3, unit: "ms",
                reference: "one plain decision each person", referenceValue: plain * 1e3),
        ]
    }

    /// One rule in a hundred is another.
    private func differenceRows(_ population: PolicyPopulation, _ policy: Policy) throws -> [Row] {
        let other = try population.policy(rules: rules, seed: 9)
        let changed = Policy(
            rules: policy.rules.enumerated().map { $0 % 100 == 0 ? other.rules[$0] : $1 }, revision: "changed")
        let sources = population.people.map {
            PolicyParty(name: "user:\($0.label)", principal: $0, isPerson: true)
        }
        let targets = population.destinations.map {
            PolicyParty(name: "device:\($0.host)", principal: $0, isPerson: false)
        }
        func seconds(to new: Policy) -> Double {
            best { _ = PolicyDifference(from: policy, to: new, sources: sources, destinations: targets) }
        }
        return [
            Row(
                name: "policy diff, one rule in a hundred", value: seconds(to: changed) * 1e3, unit: "ms",
                reference: "every rule another", referenceValue: seconds(to: other) * 1e3)
        ]
    }
}

/// The least CPU time of three runs: what disturbs only adds.
func best(of runs: Int = 3, _ work: () -> Void) -> Double {
    (0..<runs).map { _ in
        let begin = Clocks.thread
        work()
        return Clocks.thread - begin
    }.min() ?? 0
}
