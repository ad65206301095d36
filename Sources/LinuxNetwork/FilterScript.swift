internal import NetworkAddresses

/// Writes nft scripts for our table. Pure: the same rule set and second give the same text. Source: nft(8).
enum FilterScript {
    static let table = "ztna"
    /// A dormant table that exists only while `PacketFilter` asks nft for the canonical form of the rules.
    static let canonicalTable = "ztna-canonical"
    static let allTables = [table, canonicalTable]
    /// Counts the packets that were too many to be logged.
    static let unlogged = "unlogged"
    /// Counts the packets that were handed to the log, whether anybody reads it or not; not those of flows of ours that leave.
    static let logged = "logged"
    /// Drops what would be refused, while a table takes the place of another.
    static let settling = "settling"

    /// Replaces the whole table in one transaction, after which `settled` must follow.
    ///
    /// The kernel's packets meet new rules a moment before they find what is in a new set of ranges. Until `settled`, a
    /// packet without a grant is therefore dropped unsaid in place of refused: a flow that is allowed sends it again.
    static func replacement(_ ruleSet: FilterRuleSet, now: FilterTime) -> String {
        let elements = FilterElements(ruleSet).living(at: now.seconds)
        return removal(of: table) + definition(of: table, ruleSet, elements, now: now, settles: true)
    }

    /// Until `settled`, what has no grant is dropped unsaid.
    static let unsettled = "add rule inet \(table) \(settling) drop\n"
    /// The sets are whole: what has no grant is refused from now on.
    static let settled = "flush chain inet \(table) \(settling)\n"

    /// The same rules with empty sets in a table that no packet meets: it is dormant from its first moment to its last.
    static func canonical(_ ruleSet: FilterRuleSet) -> String {
        var empty = ruleSet
        (empty.peers, empty.peerEnds) = ([], [:])
        (empty.grants, empty.egress) = ([], [])
        return removal(of: canonicalTable)
            + definition(of: canonicalTable, empty, FilterElements(empty), now: FilterTime(0), flags: dormant)
    }

    /// Removes a table, whether it is there or not. Naming a dormant table without its flag wakes it, and the kernel hooks
    /// its chains up at once, not when the transaction is done: for that moment its empty sets refuse all there is.
    static func removal(of table: String) -> String {
        "table inet \(table)\(table == canonicalTable ? " {\n\(dormant)}" : "")\ndelete table inet \(table)\n"
    }

    private static let dormant = "flags dormant\n"

    private static func definition(
        of table: String, _ ruleSet: FilterRuleSet, _ elements: FilterElements, now: FilterTime, flags: String = "",
        settles: Bool = false
    ) -> String {
        """
        table inet \(table) {
        \(flags)\(sets(elements, now: now))chain \(settling) {
        \(settles ? "drop\n" : "")}
        \(FilterChains(ruleSet).text)}

        """
    }

    /// What has ended is no member from its last moment on; its memory is taken back once a minute. By default the kernel looks
    /// through the whole set for that each second: with 100,000 members 10 ms, and what it displaces from the caches.
    private static let clearing = "gc-interval 60s; "

    private static func sets(_ elements: FilterElements, now: FilterTime) -> String {
        var text = ""
        for set in FilterElements.setNames {
            let address = set.hasSuffix("4") ? "ipv4_addr" : "ipv6_addr"
            let type =
                set.contains("port") || set.contains("range") ? "\(address) . inet_proto . inet_service" : address
            let flags = set.contains("range") ? "flags interval,timeout; " : "flags timeout; \(clearing)"
            let members = (elements.sets[set] ?? [:]).sorted { $0.key < $1.key }
                .map { member($0.key, $0.value, now: now) }
            let list = members.isEmpty ? "" : "elements = { \(members.joined(separator: ", ")) }; "
            text += "set \(set) { type \(type); \(flags)\(list)}\n"
        }
        return text
    }

    static func member(_ key: String, _ expiresAt: Int?, now: FilterTime) -> String {
        guard let expiresAt else { return key }
        // At most a year: the kernel counts milliseconds.
        let seconds = min(max(expiresAt - now.seconds, 1), 31_536_000)
        guard now.milliseconds > 0 else { return "\(key) timeout \(seconds)s" }
        return "\(key) timeout \(seconds - 1)s\(1000 - now.milliseconds)ms"
    }
}
