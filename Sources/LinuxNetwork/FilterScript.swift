internal import NetworkAddresses

/// Writes nft scripts for our table. Pure: the same rule set and second give the same text.
///
/// Every packet of a flow's original direction looks its grant up, and so does every reply of this node: a grant's
/// timeout ends running flows in both directions, even with the agent dead. `established` alone passes only what
/// answers a flow that this node began. Source: nft(8).
enum FilterScript {
    static let table = "ztna"
    /// A dormant table that exists only while `PacketFilter` asks nft for the canonical form of the rules.
    static let canonicalTable = "ztna-canonical"
    static let allTables = [table, canonicalTable]
    /// Counts the packets that were too many to be logged.
    static let unlogged = "unlogged"
    /// Beyond so many changed members the whole table is replaced.
    static let largestSmallChange = 64
    /// To remove one range the kernel walks all of its set: about 2.5 microseconds each.
    static let longestWalk = 2000

    /// Replaces the whole table in one transaction.
    static func replacement(_ ruleSet: FilterRuleSet, now: FilterTime) -> String {
        let elements = FilterElements(ruleSet).living(at: now.seconds)
        return removal(of: table) + definition(of: table, ruleSet, elements, now: now)
    }

    /// The same rules with empty sets in a table that no packet meets: it is dormant from its first moment to its last.
    static func canonical(_ ruleSet: FilterRuleSet) -> String {
        var empty = ruleSet
        (empty.peers, empty.peerEnds) = ([], [:])
        empty.grants = []
        if empty.egress != nil { empty.egress = [] }
        return removal(of: canonicalTable)
            + definition(of: canonicalTable, empty, FilterElements(empty), now: FilterTime(0), flags: dormant)
    }

    /// Removes a table, whether it is there or not. Naming a dormant table without its flag wakes it, and the kernel hooks
    /// its chains up at once, not when the transaction is done: for that moment its empty sets refuse all there is.
    static func removal(of table: String) -> String {
        "table inet \(table)\(table == canonicalTable ? " {\n\(dormant)}" : "")\ndelete table inet \(table)\n"
    }

    private static let dormant = "flags dormant\n"

    /// The few member changes that lead from one rule set to another; nil when the table must be replaced: other rules,
    /// more than 64 members, or ranges whose removal takes the kernel longer. Empty when nothing changes.
    static func smallChange(from old: FilterRuleSet, to new: FilterRuleSet, now: FilterTime) -> String? {
        guard old.interface == new.interface, old.overlay == new.overlay, old.logGroup == new.logGroup,
            (old.egress == nil) == (new.egress == nil)
        else { return nil }
        let (concernedBefore, concernedAfter) = concerned(old, new)
        let before = FilterElements(concernedBefore).living(at: now.seconds)
        let after = FilterElements(concernedAfter).living(at: now.seconds)
        var commands: [String] = []
        var changed: Set<String> = []
        for set in FilterElements.setNames {
            let (gone, come) = (before.sets[set] ?? [:], after.sets[set] ?? [:])
            let removed = gone.filter { come[$0.key] != .some($0.value) }
            if FilterElements.intervalSets.contains(set), !removed.isEmpty,
                removed.count * FilterElements.largestCount(of: set, in: old) > longestWalk
            {
                return nil
            }
            for key in removed.keys.sorted() {
                commands.append("delete element inet \(table) \(set) { \(key) }\n")
                changed.insert("\(set) \(key)")
            }
            for (key, end) in come.sorted(by: { $0.key < $1.key }) where gone[key] != .some(end) {
                commands.append("add element inet \(table) \(set) { \(member(key, end, now: now)) }\n")
                changed.insert("\(set) \(key)")
            }
        }
        return changed.count <= largestSmallChange ? commands.joined() : nil
    }

    /// Both rule sets without the peers and grants that a change leaves alone: members of one source may be merged from
    /// several grants, so a source counts as a whole. Two passes over grants in the same order, however many there are.
    private static func concerned(_ old: FilterRuleSet, _ new: FilterRuleSet) -> (FilterRuleSet, FilterRuleSet) {
        var (before, after) = (old, new)
        before.peers = old.peers.filter { !new.peers.contains($0) || new.peerEnds[$0] != old.peerEnds[$0] }
        after.peers = new.peers.filter { !old.peers.contains($0) || new.peerEnds[$0] != old.peerEnds[$0] }
        (before.grants, after.grants) = concerned(old.grants, new.grants)
        if let first = old.egress, let second = new.egress {
            let (left, right) = concerned(first, second)
            (before.egress, after.egress) = (left, right)
        }
        return (before, after)
    }

    private static func concerned(_ old: [FilterGrant], _ new: [FilterGrant]) -> ([FilterGrant], [FilterGrant]) {
        let shorter = min(old.count, new.count)
        let start = (0..<shorter).first { old[$0] != new[$0] } ?? shorter
        let alike = (0..<(shorter - start)).first { old[old.count - 1 - $0] != new[new.count - 1 - $0] }
        let tail = alike ?? (shorter - start)
        let sources = Set((old[start..<(old.count - tail)] + new[start..<(new.count - tail)]).map(\.source))
        guard !sources.isEmpty else { return ([], []) }
        return (old.filter { sources.contains($0.source) }, new.filter { sources.contains($0.source) })
    }

    private static func definition(
        of table: String, _ ruleSet: FilterRuleSet, _ elements: FilterElements, now: FilterTime, flags: String = ""
    ) -> String {
        """
        table inet \(table) {
        \(flags)\(sets(elements, now: now))\(verdictChains(group: ruleSet.logGroup))\(inboundChains(ruleSet))
        \(outboundChains(checks: ruleSet.egress != nil))\(hooks(ruleSet))}

        """
    }

    private static func sets(_ elements: FilterElements, now: FilterTime) -> String {
        var text = ""
        for set in FilterElements.setNames {
            let address = set.hasSuffix("4") ? "ipv4_addr" : "ipv6_addr"
            let type =
                set.contains("port") || set.contains("range") ? "\(address) . inet_proto . inet_service" : address
            let flags = set.contains("range") ? "flags interval,timeout; " : "flags timeout; "
            let members = (elements.sets[set] ?? [:]).sorted { $0.key < $1.key }
                .map { member($0.key, $0.value, now: now) }
            let list = members.isEmpty ? "" : "elements = { \(members.joined(separator: ", ")) }; "
            text += "set \(set) { type \(type); \(flags)\(list)}\n"
        }
        return text
    }

    private static func member(_ key: String, _ expiresAt: Int?, now: FilterTime) -> String {
        guard let expiresAt else { return key }
        // At most a year: the kernel counts milliseconds.
        let seconds = min(max(expiresAt - now.seconds, 1), 31_536_000)
        guard now.milliseconds > 0 else { return "\(key) timeout \(seconds)s" }
        return "\(key) timeout \(seconds - 1)s\(1000 - now.milliseconds)ms"
    }

    /// A flow without answers stays `new`: it is logged once a minute. When the set is full, flows are logged more often.
    private static func seen(_ address: String) -> String {
        "type \(address) . inet_proto . inet_service . inet_service; size 65535; flags dynamic,timeout; timeout 60s;"
    }

    /// Logs at most 25,000 packets a second, and counts the rest: nothing is left out unsaid.
    private static func log(_ verdict: FilterVerdict, group: UInt16, then rest: String) -> String {
        """
        limit rate over 25000/second burst 50000 packets counter name "\(unlogged)" \(rest)
        log prefix "\(verdict.rawValue)" group \(group) snaplen \(PacketHeader.longestUseful)
        \(rest)
        """
    }

    /// Logs a flow's first packet and lets it pass.
    private static func passing(
        _ chain: String, _ verdict: FilterVerdict, address: String, group: UInt16, first: String = ""
    ) -> String {
        let seen = chain == "allowed" ? "seen" : "sent"
        return """
            set \(seen)4 { \(Self.seen("ipv4_addr")) }
            set \(seen)6 { \(Self.seen("ipv6_addr")) }
            chain \(chain) {
            ct state != new accept
            \(first)ip \(address) . meta l4proto . th sport . th dport @\(seen)4 accept
            ip6 \(address) . meta l4proto . th sport . th dport @\(seen)6 accept
            add @\(seen)4 { ip \(address) . meta l4proto . th sport . th dport }
            add @\(seen)6 { ip6 \(address) . meta l4proto . th sport . th dport }
            \(log(verdict, group: group, then: "accept"))
            }

            """
    }

    /// Options, routing, mobility, HIP and shim6 headers may push what is asked for beyond what is logged: no flow begins
    /// with them, so that none is granted under one name and told under another. Source: RFC 8200 §4, RFC 7045 §4.
    private static let withoutExtensions = "ip6 nexthdr { 0, 43, 60, 135, 139, 140 } goto denied\n"

    /// What goes on sending to a peer that is gone attempts nothing new.
    private static let beginningsOnly = """
        ct state != new goto refused
        meta l4proto tcp tcp flags & (fin|syn|rst|ack) != syn goto refused

        """

    private static func refusing(
        _ chain: String, _ verdict: FilterVerdict, group: UInt16, first: String = ""
    ) -> String {
        """
        chain \(chain) {
        \(first)\(log(verdict, group: group, then: "goto refused"))
        }

        """
    }

    /// A reset for a packet that conntrack does not understand would end a flow that is still allowed.
    private static func verdictChains(group: UInt16) -> String {
        """
        counter \(unlogged) { }
        chain refused {
        ct state invalid drop
        meta l4proto tcp reject with tcp reset
        reject with icmpx type admin-prohibited
        }
        \(refusing("denied", .deniedInbound, group: group))\
        \(passing("allowed", .allowed, address: "saddr", group: group, first: withoutExtensions))\
        \(passing("leaving", .leaving, address: "daddr", group: group))\
        \(refusing("denied_here", .deniedOutbound, group: group))\
        \(refusing("peerless", .noPeer, group: group, first: beginningsOnly))
        """
    }

    /// From the overlay to this node: what concerns most packets comes first.
    private static func inboundChains(_ ruleSet: FilterRuleSet) -> String {
        """
        chain inbound6 {
        \(outside(ruleSet.overlay, v4: false))
        \(inboundRules(v4: false))
        }
        chain inbound {
        meta nfproto ipv6 goto inbound6
        \(outside(ruleSet.overlay, v4: true))
        \(inboundRules(v4: true))
        }
        """
    }

    private static func inboundRules(v4: Bool) -> String {
        """
        ct direction reply ct state established,related accept
        \(lookups(v4: v4, address: "saddr", port: "dport", ping: "echo-request", verdict: "goto allowed"))
        meta l4proto \(v4 ? "icmp" : "ipv6-icmp") ct state related accept
        goto denied
        """
    }

    /// From this node to the overlay. What refuses an inbound packet (it is related to it) always leaves, and a reset
    /// carries nothing. A TCP flow whose beginning conntrack has not seen is not taken for one of ours: else an inbound
    /// flow that outlived its grant could come back as our own after its entry is lost.
    ///
    /// What conntrack calls invalid, or another table keeps from it (`notrack`), passes as an answer or not at all.
    ///
    /// With `checks`, each packet of a flow of ours looks up that the other side will take it.
    private static func outboundChains(checks: Bool) -> String {
        let checked = """
            chain checked {
            \(lookups(in: "to_", address: "daddr", port: "dport", ping: "echo-request", verdict: "goto leaving"))
            meta l4proto { icmp, ipv6-icmp } ct state related accept
            goto denied_here
            }

            """
        return """
            chain answers {
            \(lookups(address: "daddr", port: "sport", ping: "echo-reply", verdict: "accept"))
            tcp flags & rst == rst accept
            ct state related accept
            goto refused
            }
            \(checks ? checked : "")chain to_peer {
            ct direction reply goto answers
            ct state established,related \(checks ? "goto checked" : "accept")
            ct state invalid,untracked goto answers
            tcp flags & rst == rst accept
            tcp flags & (fin|syn|rst|ack) != syn drop
            goto \(checks ? "checked" : "leaving")
            }
            chain outbound {
            ip daddr @peer4 goto to_peer
            ip6 daddr @peer6 goto to_peer
            ct direction reply ct state related accept
            ip daddr { 224.0.0.0/4, 255.255.255.255 } drop
            ip6 daddr { fe80::/10, ff00::/8 } drop
            goto peerless
            }

            """
    }

    /// Last, so that the sets and chains exist. Overlay traffic that would leave through another interface is refused.
    /// What arrives over another one from or to an overlay address is dropped: Linux takes a packet for any of its addresses
    /// on every interface (RFC 1122 §3.3.4.2, the weak model), and who sent it nobody knows, so that it is not logged either.
    private static func hooks(_ ruleSet: FilterRuleSet) -> String {
        let interface = "\"\(ruleSet.interface)\""
        return """
            chain input {
            type filter hook input priority filter; policy accept;
            iifname \(interface) goto inbound
            iifname "lo" accept
            \(inside("saddr", ruleSet.overlay, verdict: "drop"))
            \(inside("daddr", ruleSet.overlay, verdict: "drop"))
            }
            chain forward {
            type filter hook forward priority filter; policy accept;
            iifname \(interface) drop
            oifname \(interface) drop
            }
            chain astray {
            oifname "lo" accept
            goto peerless
            }
            chain output {
            type filter hook output priority filter; policy accept;
            oifname \(interface) goto outbound
            \(inside("daddr", ruleSet.overlay, verdict: "goto astray"))
            }

            """
    }

    private static func lookups(
        in sets: String = "", address: String, port: String, ping: String, verdict: String
    ) -> String {
        [true, false].map { v4 in
            lookups(in: sets, v4: v4, address: address, port: port, ping: ping, verdict: verdict)
        }.joined(separator: "\n")
    }

    private static func lookups(
        in sets: String = "", v4: Bool, address: String, port: String, ping: String, verdict: String
    ) -> String {
        let (family, suffix, icmp) = v4 ? ("ip", "4", "icmp") : ("ip6", "6", "icmpv6")
        return """
            \(family) \(address) . meta l4proto . th \(port) @\(sets)port\(suffix) \(verdict)
            \(family) \(address) . meta l4proto . th \(port) @\(sets)range\(suffix) \(verdict)
            \(family) \(address) @\(sets)any\(suffix) \(verdict)
            \(icmp) type \(ping) \(family) \(address) @\(sets)ping\(suffix) \(verdict)
            """
    }

    /// Drops what comes from elsewhere, or is for elsewhere; all of a family that the overlay lacks.
    private static func outside(_ overlay: [IPPrefix], v4: Bool) -> String {
        let list = prefixes(overlay, v4: v4)
        return list.isEmpty
            ? "drop" : ["saddr", "daddr"].map { "\(v4 ? "ip" : "ip6") \($0) != \(list) drop" }.joined(separator: "\n")
    }

    private static func inside(_ field: String, _ overlay: [IPPrefix], verdict: String) -> String {
        [("ip", true), ("ip6", false)].compactMap { family, isV4 in
            let list = prefixes(overlay, v4: isV4)
            return list.isEmpty ? nil : "\(family) \(field) \(list) \(verdict)"
        }.joined(separator: "\n")
    }

    /// Without those that another contains: an interval set refuses overlaps. One alone needs no set, and compares faster.
    private static func prefixes(_ overlay: [IPPrefix], v4: Bool) -> String {
        let family = Set(overlay).filter { $0.address.isV4 == v4 }
        let widest = family.filter { one in
            !family.contains { $0 != one && $0.length < one.length && $0.contains(one.address) }
        }
        let list = widest.map(\.description).sorted().joined(separator: ", ")
        return widest.count > 1 ? "{ \(list) }" : list
    }
}
