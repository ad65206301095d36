internal import NetworkAddresses

/// How many packets a table has handed to the log since it was made, and left out of it.
package struct LogCount: Hashable, Sendable {
    /// The kernel's number of the table: another table counts from 0.
    package let table: UInt64
    /// Without those of flows of ours that leave.
    package let logged: Int
    /// As `PacketFilter.takeUnlogged` counted last.
    package let unlogged: Int

    package init(table: UInt64, logged: Int, unlogged: Int) {
        self.table = table
        self.logged = logged
        self.unlogged = unlogged
    }
}

/// Our nftables table `inet ztna`: replaced, changed and read back. Other tables are never touched.
///
/// Acts in the network namespace of the thread that creates it. Times are whole seconds since the epoch; a caller that
/// rounds its clock up never lets a grant live too long.
package actor PacketFilter {
    private let executor = BlockingExecutor(label: "ztna.nftables")
    private let nft: NFTables
    private var queries: RuleSetQueries
    private var dump: FilterSetDump
    private var tables: FilterTableDump
    /// The kernel's number when the table was last known to be ours.
    private var known: UInt32?
    private var applied: FilterRuleSet?
    /// How long the slowest load of the table took, which members' ends may be off by.
    private var loadSeconds = 0
    private var canonicalForms: [CanonicalKey: FilterTableForm] = [:]
    /// What the table's counter said when it was asked last, and what it had said of tables since replaced.
    private var unlogged = (now: 0, before: 0)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(LinuxNetworkError) {
        nft = try NFTables()
        queries = try RuleSetQueries()
        dump = try FilterSetDump()
        tables = try FilterTableDump()
    }

    /// Replaces the whole table in one transaction; what has no grant is dropped until it is done, and refused from then on.
    package func replace(with ruleSet: FilterRuleSet, now: FilterTime) throws(LinuxNetworkError) {
        let count = ruleSet.grants.count + ruleSet.egress.count
        let begun = ContinuousClock.now
        countUnlogged()
        try nft.run(FilterScript.replacement(ruleSet, now: now.advanced(byMilliseconds: Self.loading(count))))
        (unlogged.now, applied, known) = (0, nil, nil)
        loadSeconds = Self.seconds(since: begun, for: count)
        try nft.run(FilterScript.settled)
        applied = ruleSet
    }

    /// Brings the table to `ruleSet` by the members that differ from what was applied last, as long as that is cheaper than
    /// another table: what runs is not touched.
    package func update(to ruleSet: FilterRuleSet, now: FilterTime) throws(LinuxNetworkError) {
        if let applied, let change = FilterChange(from: applied, to: ruleSet, now: now) {
            let begun = ContinuousClock.now
            let script = change.script(now: now.advanced(byMilliseconds: Self.loading(change.count)))
            // A member may end between our reckoning and the kernel's: then the transaction fails as a whole.
            if script.isEmpty || (try? run(script, settling: change.settles)) != nil {
                self.applied = ruleSet
                loadSeconds = max(loadSeconds, Self.seconds(since: begun, for: change.count))
                if !script.isEmpty { known = nil }
                return
            }
        }
        try replace(with: ruleSet, now: now)
    }

    private func run(_ script: String, settling: Bool) throws(LinuxNetworkError) {
        if settling { try nft.run(FilterScript.unsettled) }
        try nft.run(script)
        if settling { try nft.run(FilterScript.settled) }
    }

    /// A member's timeout counts from when the kernel takes it, and many take a while: about ten microseconds each on an idle
    /// machine. What it takes longer than that, members live longer.
    private static func loading(_ count: Int) -> Int { min(count / 100, 5000) }

    private static func seconds(since begun: ContinuousClock.Instant, for count: Int) -> Int {
        Int((ContinuousClock.now - begun).components.seconds) + (count > 1000 ? 1 : 0)
    }

    /// Reads the table back and says how it differs from `ruleSet`; empty means that the kernel enforces exactly it.
    ///
    /// Rules are compared as the kernel has them: the same rules are loaded once into a dormant table that no packet meets,
    /// read, and removed. Members must be the same, with ends within `tolerance` seconds and what loading took.
    package func differences(from ruleSet: FilterRuleSet, now: Int, tolerance: Int = 2) throws(LinuxNetworkError)
        -> [String]
    {
        let expected = try canonicalForm(of: ruleSet)
        let number = try queries.generation()
        guard let form = try form(of: FilterScript.table) else { return ["there is no table"] }
        guard form == expected else { return ["the table's sets, chains or rules differ"] }
        var found: [String] = []
        let elements = FilterElements(ruleSet)
        for set in FilterElements.setNames {
            let present = try dump.members(of: set, in: FilterScript.table)
            found += Self.differences(
                set, present, elements.sets[set] ?? [:], now: now, tolerance: tolerance + loadSeconds)
        }
        // Taken before the first look, so that what somebody changes after it is noticed.
        if found.isEmpty { known = number }
        return found
    }

    /// Whether somebody may have changed some table since this was asked last or the table was found equal, whichever was
    /// later; cheap. Only `differences` tells whether it was ours.
    package func mayHaveBeenAltered() throws(LinuxNetworkError) -> Bool {
        let current = try queries.generation()
        defer { known = current }
        return known != current
    }

    /// The chains, rules and sets are there as `ruleSet` has them; members are not looked at.
    package func hasRules(of ruleSet: FilterRuleSet) throws(LinuxNetworkError) -> Bool {
        let expected = try canonicalForm(of: ruleSet)
        known = try queries.generation()
        return try form(of: FilterScript.table) == expected
    }

    /// A table that an agent before us left has exactly the chains, rules and sets of `ruleSet`, and every grant in it ends:
    /// the kernel enforces each deadline by itself.
    package func isWhole(like ruleSet: FilterRuleSet) throws(LinuxNetworkError) -> Bool {
        guard try hasRules(of: ruleSet) else { return false }
        for set in FilterElements.setNames where !set.hasPrefix("peer") {
            guard try dump.members(of: set, in: FilterScript.table).allSatisfy({ $0.value != nil }) else {
                return false
            }
        }
        return true
    }

    /// The kernel enforces exactly `ruleSet`: report `enforcing` only after this is true.
    package func matches(_ ruleSet: FilterRuleSet, now: Int) throws(LinuxNetworkError) -> Bool {
        try differences(from: ruleSet, now: now).isEmpty
    }

    /// Removes our tables; it is no error when there are none.
    package func removeTable() throws(LinuxNetworkError) {
        applied = nil
        countUnlogged()
        try nft.run(FilterScript.allTables.map(FilterScript.removal).joined())
        unlogged.now = 0
    }

    /// Packets since the last call, or since the first table was made, that the rules left out of the log; those that come
    /// while a table is replaced are not known.
    package func takeUnlogged() -> Int {
        countUnlogged()
        defer { unlogged.before = 0 }
        return unlogged.before
    }

    /// A counter that has gone back is that of a table which somebody else has made anew.
    private func countUnlogged() {
        guard let count = try? queries.packets(countedBy: FilterScript.unlogged, in: FilterScript.table) else { return }
        unlogged.before += count >= unlogged.now ? count - unlogged.now : count
        unlogged.now = count
    }

    /// What the table that is there counts, whoever made it; nil where none does.
    package func logCount() -> LogCount? {
        guard let table = try? queries.handle(of: FilterScript.table),
            let logged = try? queries.packets(countedBy: FilterScript.logged, in: FilterScript.table)
        else { return nil }
        return LogCount(table: table, logged: logged, unlogged: unlogged.now)
    }

    /// Of what the table has left out of the log so far, so many packets were told by the agent that made it.
    package func takeOver(unlogged count: Int) { unlogged.now = count }

    private struct CanonicalKey: Hashable {
        let checksEgress: Bool
        let interface: InterfaceName
        let overlay: [String]
        let logGroup: UInt16
    }

    private func canonicalForm(of ruleSet: FilterRuleSet) throws(LinuxNetworkError) -> FilterTableForm {
        let key = CanonicalKey(
            checksEgress: ruleSet.checksEgress, interface: ruleSet.interface,
            overlay: ruleSet.overlay.map(\.description), logGroup: ruleSet.logGroup)
        if let known = canonicalForms[key] { return known }
        let table = FilterScript.canonicalTable
        try nft.run(FilterScript.canonical(ruleSet))
        guard let dormant = try form(of: table) else { throw .filter("the table \(table) is gone") }
        try nft.run(FilterScript.removal(of: table))
        let form = FilterTableForm(flags: dormant.flags & ~FilterTableForm.dormant, digest: dormant.digest)
        canonicalForms = [key: form]
        return form
    }

    /// The table as it was at one moment; nil when there is none.
    private func form(of table: String) throws(LinuxNetworkError) -> FilterTableForm? {
        try OneMoment.look(
            at: table, number: { () throws(LinuxNetworkError) in try queries.generation() },
            { () throws(LinuxNetworkError) in try tables.form(of: table) })
    }

    private static func differences(
        _ set: String, _ present: [String: Int?], _ expected: [String: Int?], now: Int, tolerance: Int
    ) -> [String] {
        var found: [String] = []
        for (key, end) in expected where present[key] == nil && (end.map { $0 > now + tolerance } ?? true) {
            found.append("\(set) lacks \(key)")
        }
        for (key, remaining) in present {
            guard let end = expected[key] else {
                found.append("\(set) has \(key) too many")
                continue
            }
            // A member that never ends must be expected to; one that ends must end when expected.
            let agrees =
                switch (remaining, end) {
                case (nil, nil): true
                case (let remaining?, let end?): abs(now + remaining - end) <= tolerance
                default: false
                }
            if !agrees { found.append("\(set) ends \(key) at another time") }
        }
        return found.sorted()
    }
}
