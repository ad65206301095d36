/// The rows of `ztna-bench scim`.
struct SCIMTable {
    let figures: SCIMFigures
    let bare: BareFigures
    let users: Int
    let bigGroup: Int

    private static let bareName = "bare SQLite"

    var rows: [Row] {
        creations + latencies("find by userName", figures.lookup, Self.bareName, bare.lookup)
            + latencies("find by userName of \(bigGroup)", figures.lookupOfMany, "of \(users)", figures.lookup)
            + latencies("one member of \(users)", figures.member, Self.bareName, bare.member)
            + latencies(
                "one member of \(bigGroup)", figures.memberOfMany, "of \(users), by turns", figures.memberBeside)
            + latencies("batch of 1000 members", figures.batches, Self.bareName, bare.batch)
            + latencies("group without its members", figures.group, Self.bareName, bare.group) + [
                Row(
                    name: "users in pages of 100", value: figures.pages, unit: "1/s", reference: Self.bareName,
                    referenceValue: bare.pages),
                Row(
                    name: "users in pages by cursor", value: figures.pagesByCursor, unit: "1/s",
                    reference: "by index", referenceValue: figures.pages),
                Row(
                    name: "group of \(bigGroup) deleted", value: figures.deletion.many * 1e3, unit: "ms",
                    reference: "of \(users)", referenceValue: figures.deletion.few * 1e3),
                Row(
                    name: "memory with \(bigGroup) users", value: figures.memory.after, unit: "MiB resident",
                    reference: "with none", referenceValue: figures.memory.before),
            ] + costs
    }

    private var creations: [Row] {
        [
            Row(
                name: "users created, one client", value: figures.alone, unit: "1/s", reference: Self.bareName,
                referenceValue: 1 / bare.creation),
            Row(
                name: "users created, 16 clients", value: figures.together.rate, unit: "1/s",
                reference: "one client", referenceValue: figures.alone),
            Row(
                name: "users created up to \(bigGroup)", value: figures.atTheEnd, unit: "1/s",
                reference: "up to \(users)", referenceValue: figures.together.rate),
        ]
    }

    /// What one change of membership of a connected person takes, as the group grows.
    private var costs: [Row] {
        guard let small = figures.costs.first else { return [] }
        return zip([users, bigGroup], figures.costs.dropFirst()).flatMap { members, cost in
            [
                ("SQL rows changed", cost.rowsChanged, small.rowsChanged, "rows"),
                ("SQLite's instructions", cost.steps, small.steps, "steps"),
                ("netmap bytes", cost.netmapBytes, small.netmapBytes, "bytes"),
                ("signatures", cost.signatures, small.signatures, "made"),
            ].map { what, value, reference, unit in
                Row(
                    name: "\(what), \(members) members", value: value, unit: unit, reference: "100 members",
                    referenceValue: reference)
            }
        }
    }

    func rows(beside python: PythonSCIM) -> [Row] {
        let name = "scim2-server"
        func median(_ what: String, _ latencies: Latencies, _ reference: String) -> Row {
            Row(
                name: "\(what), p50", value: latencies.median * 1e3, unit: "ms", reference: name,
                referenceValue: python.milliseconds(reference))
        }
        return [
            Row(
                name: "users created, one client", value: figures.alone, unit: "1/s", reference: name,
                referenceValue: python.creations),
            median("find by userName", figures.lookup, "lookup"),
            median("one member of \(users)", figures.member, "remove"),
            median("batch of 1000 members", figures.batches, "batch"),
            median("group without its members", figures.group, "group"),
            Row(
                name: "users in pages of 100", value: figures.pages, unit: "1/s", reference: name,
                referenceValue: python.pagedUsers),
        ]
    }

    private func latencies(
        _ what: String, _ own: Latencies, _ reference: String, _ other: Latencies
    ) -> [Row] {
        [("p50", 0.5), ("p99", 0.99)].map { name, part in
            Row(
                name: "\(what), \(name)", value: own.percentile(part) * 1e3, unit: "ms", reference: reference,
                referenceValue: other.percentile(part) * 1e3)
        }
    }
}
