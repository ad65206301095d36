import AccessPolicy
import Coordinator
import Cryptography
import Logging
import StoreSQLite

/// What it takes to put another policy in force over many nodes: who sees whom anew, and what is to be signed again.
struct PolicyInForce {
    let nodes: Int

    func rows() async throws -> [Row] {
        let url = "https://ztna.example.com"
        let store = try SQLiteStore(inMemory: ())
        _ = try await Population(server: url, group: "staff").settle(nodes, in: store)
        let base = [try rule("staff-to-services", "group:staff", "tag:services")]
        let coordinator = Coordinator(
            store: store, signer: try Ed25519PrivateKey(from: .system),
            configuration: try CoordinatorConfiguration(serverURL: url),
            policy: Policy(rules: base, revision: "0"), clock: { Clocks.epoch },
            logger: Logger(label: "ztna-bench") { _ in SwiftLogNoOpLogHandler() })
        let start = try await Spent.on { try await coordinator.start() }
        var rows: [Row] = []
        for (name, rules) in [
            ("for nobody here", base + [try rule("other", "group:elsewhere", "tag:services")]),
            ("that all slices hold", base + [try rule("print", "group:staff", "tag:printers")]),
        ] {
            let spent = await Spent.on { await coordinator.setPolicy(Policy(rules: rules, revision: name)) }
            rows.append(
                Row(
                    name: "\(nodes) nodes: a rule more \(name)", value: spent.cpu * 1e3, unit: "ms",
                    reference: "signing everything at start", referenceValue: start.cpu * 1e3))
        }
        await store.close()
        return rows
    }

    private func rule(_ name: String, _ source: String, _ destination: String) throws -> Rule {
        Rule(
            name: try RuleName(name), sources: [try Selector(parsing: source)],
            destinations: [try Selector(parsing: destination)], allow: [try Service(parsing: "tcp/443")])
    }
}
