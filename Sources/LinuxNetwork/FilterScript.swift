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
    /// Beyond so many changed members the whole table is replaced.
    static let largestSmallChange = 64

    /// Replaces the whole table in one transaction.
    static func replacement(_ ruleSet: FilterRuleSet, now: Int) -> String {
        let elements = FilterElements(ruleSet).living(at: now)
        return removal(of: table) + definition(of: table, ruleSet, elements, now: now)
    }

    /// The same rules with empty sets in a table that no packet meets.
    static func canonical(_ ruleSet: FilterRuleSet) -> String {
        var empty = ruleSet
        empty.peers = []
        empty.grants = []
        return removal(of: canonicalTable)
            + definition(of: canonicalTable, empty, FilterElements(empty), now: 0, flags: "flags dormant\n")
    }

    /// Removes a table, whether it is there or not.
    static func removal(of table: String) -> String { "table inet \(table)\ndelete table inet \(table)\n" }

    /// The few member changes that lead from one rule set to another; nil when the table must be replaced: other rules,
    /// more than 64 members, or any change in an interval set. Empty when nothing changes.
    static func smallChange(from old: FilterRuleSet, to new: FilterRuleSet, now: Int) -> String? {
        guard old.interface == new.interface, old.overlay == new.overlay, old.logGroup == new.logGroup else {
            return nil
        }
        let before = FilterElements(old).living(at: now)
        let after = FilterElements(new).living(at: now)
        guard FilterElements.intervalSets.allSatisfy({ before.sets[$0] == after.sets[$0] }) else { return nil }
        var commands: [String] = []
        var changed: Set<String> = []
        for set in FilterElements.exactSets {
            let (gone, come) = (before.sets[set] ?? [:], after.sets[set] ?? [:])
            for (key, end) in gone.sorted(by: { $0.key < $1.key }) where come[key] != .some(end) {
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

    private static func definition(
        of table: String, _ ruleSet: FilterRuleSet, _ elements: FilterElements, now: Int, flags: String = ""
    ) -> String {
        """
        table inet \(table) {
        \(flags)\(sets(elements, now: now))\(verdictChains(group: ruleSet.logGroup))\(inboundChain(ruleSet))
        \(outboundChains)\(hooks(ruleSet))}

        """
    }

    private static func sets(_ elements: FilterElements, now: Int) -> String {
        var text = ""
        for set in FilterElements.setNames {
            let address = set.hasSuffix("4") ? "ipv4_addr" : "ipv6_addr"
            let type =
                set.hasPrefix("port") || set.hasPrefix("range") ? "\(address) . inet_proto . inet_service" : address
            let flags =
                set.hasPrefix("peer") ? "" : set.hasPrefix("range") ? "flags interval,timeout; " : "flags timeout; "
            let members = (elements.sets[set] ?? [:]).sorted { $0.key < $1.key }
                .map { member($0.key, $0.value, now: now) }
            let list = members.isEmpty ? "" : "elements = { \(members.joined(separator: ", ")) }; "
            text += "set \(set) { type \(type); \(flags)\(list)}\n"
        }
        return text
    }

    private static func member(_ key: String, _ expiresAt: Int?, now: Int) -> String {
        guard let expiresAt else { return key }
        // At most a year: the kernel counts milliseconds.
        return "\(key) timeout \(min(max(expiresAt - now, 1), 31_536_000))s"
    }

    /// A flow without answers stays `new`: it is logged once a minute. When the set is full, flows are logged more often.
    private static func seen(_ address: String) -> String {
        "type \(address) . inet_proto . inet_service . inet_service; size 65535; flags dynamic,timeout; timeout 60s;"
    }

    private static func verdictChains(group: UInt16) -> String {
        func log(_ verdict: FilterVerdict) -> String {
            "log prefix \"\(verdict.rawValue)\" group \(group) snaplen \(PacketHeader.longestUseful)"
        }
        return """
            set seen4 { \(seen("ipv4_addr")) }
            set seen6 { \(seen("ipv6_addr")) }
            chain allowed {
            ct state != new accept
            ip saddr . meta l4proto . th sport . th dport @seen4 accept
            ip6 saddr . meta l4proto . th sport . th dport @seen6 accept
            add @seen4 { ip saddr . meta l4proto . th sport . th dport }
            add @seen6 { ip6 saddr . meta l4proto . th sport . th dport }
            limit rate 200/second burst 400 packets \(log(.allowed))
            accept
            }
            chain refused {
            meta l4proto tcp reject with tcp reset
            reject with icmpx type admin-prohibited
            }
            chain denied {
            limit rate 100/second burst 200 packets \(log(.deniedInbound))
            goto refused
            }
            chain peerless {
            limit rate 100/second burst 200 packets \(log(.noPeer))
            goto refused
            }

            """
    }

    /// From the overlay to this node.
    private static func inboundChain(_ ruleSet: FilterRuleSet) -> String {
        """
        chain inbound {
        \(outside("saddr", ruleSet.overlay))
        \(outside("daddr", ruleSet.overlay))
        ct direction reply ct state established,related accept
        ct state related meta l4proto { icmp, ipv6-icmp } accept
        \(lookups(address: "saddr", port: "dport", ping: "echo-request", verdict: "goto allowed"))
        goto denied
        }
        """
    }

    /// From this node to the overlay. What refuses an inbound packet (it is related to it) always leaves. A flow whose
    /// beginning conntrack has not seen is not taken for one of ours: else an inbound flow that outlived its grant could
    /// come back as our own after its entry is lost.
    private static let outboundChains = """
        chain answers {
        tcp flags & rst == rst accept
        \(lookups(address: "daddr", port: "sport", ping: "echo-reply", verdict: "accept"))
        goto refused
        }
        chain to_peer {
        meta l4proto tcp ct state new tcp flags & (fin|syn|rst|ack) != syn drop
        ct direction reply goto answers
        accept
        }
        chain outbound {
        ct direction reply ct state related accept
        ip daddr { 224.0.0.0/4, 255.255.255.255 } drop
        ip6 daddr { fe80::/10, ff00::/8 } drop
        ip daddr @peer4 goto to_peer
        ip6 daddr @peer6 goto to_peer
        goto peerless
        }

        """

    /// Last, so that the sets and chains exist. Overlay traffic that would leave through another interface is refused.
    private static func hooks(_ ruleSet: FilterRuleSet) -> String {
        let interface = "\"\(ruleSet.interface)\""
        return """
            chain input {
            type filter hook input priority filter; policy accept;
            iifname \(interface) goto inbound
            }
            chain forward {
            type filter hook forward priority filter; policy accept;
            iifname \(interface) drop
            oifname \(interface) drop
            }
            chain output {
            type filter hook output priority filter; policy accept;
            oifname "lo" accept
            oifname \(interface) goto outbound
            \(inside("daddr", ruleSet.overlay, verdict: "goto peerless"))
            }

            """
    }

    private static func lookups(address: String, port: String, ping: String, verdict: String) -> String {
        [("ip", "4", "icmp"), ("ip6", "6", "icmpv6")].map { family, suffix, icmp in
            """
            \(family) \(address) . meta l4proto . th \(port) @port\(suffix) \(verdict)
            \(family) \(address) . meta l4proto . th \(port) @range\(suffix) \(verdict)
            \(family) \(address) @any\(suffix) \(verdict)
            \(icmp) type \(ping) \(family) \(address) @ping\(suffix) \(verdict)
            """
        }.joined(separator: "\n")
    }

    private static func outside(_ field: String, _ overlay: [IPPrefix]) -> String {
        [("ip", "ipv4", true), ("ip6", "ipv6", false)].map { family, name, isV4 in
            let list = prefixes(overlay, v4: isV4)
            return list.isEmpty ? "meta nfproto \(name) drop" : "\(family) \(field) != { \(list) } drop"
        }.joined(separator: "\n")
    }

    private static func inside(_ field: String, _ overlay: [IPPrefix], verdict: String) -> String {
        [("ip", true), ("ip6", false)].compactMap { family, isV4 in
            let list = prefixes(overlay, v4: isV4)
            return list.isEmpty ? nil : "\(family) \(field) { \(list) } \(verdict)"
        }.joined(separator: "\n")
    }

    /// Without those that another contains: an interval set refuses overlaps.
    private static func prefixes(_ overlay: [IPPrefix], v4: Bool) -> String {
        let family = Set(overlay).filter { $0.address.isV4 == v4 }
        let widest = family.filter { one in
            !family.contains { $0 != one && $0.length < one.length && $0.contains(one.address) }
        }
        return widest.map(\.description).sorted().joined(separator: ", ")
    }
}
