internal import NetworkAddresses

/// The chains and rules of our table, as nft takes them.
///
/// Every packet of a flow's original direction looks its grant up, and so does every reply of this node: a grant's
/// timeout ends running flows in both directions, even with the agent dead. `established` alone passes only what
/// answers a flow that this node began.
///
/// What concerns most packets comes first, and is asked with as few expressions as there can be: `ct state ==` compares
/// where `ct state` masks first, and a field of IPv4 or IPv6 asks for the family each time it is named. Source: nft(8).
struct FilterChains {
    private let interface: String
    private let overlay: [IPPrefix]
    private let checks: Bool
    private let group: UInt16

    init(_ ruleSet: FilterRuleSet) {
        interface = "\"\(ruleSet.interface)\""
        overlay = ruleSet.overlay
        checks = ruleSet.checksEgress
        group = ruleSet.logGroup
    }

    var text: String { "\(verdicts)\(inbound)\(outbound)\(hooks)" }

    /// A reset for a packet that conntrack does not understand would end a flow that is still allowed.
    private var verdicts: String {
        """
        counter \(FilterScript.unlogged) { }
        counter \(FilterScript.logged) { }
        chain refused {
        jump \(FilterScript.settling)
        ct state invalid drop
        meta l4proto tcp reject with tcp reset
        reject with icmpx type admin-prohibited
        }
        \(denied)\
        \(unfollowed)\
        \(passing("allowed", .allowed, first: Self.withoutExtensions + Self.followed))\
        \(passing("leaving", .leaving))\
        \(refusing("denied_here", .deniedOutbound))\
        \(refusing("peerless", .noPeer, first: Self.beginningsOnly))
        """
    }

    private func refusing(
        _ chain: String, _ verdict: FilterVerdict, first: String = "", limits: String = "",
        families: [String] = [""], then rest: String = "goto refused"
    ) -> String {
        """
        chain \(chain) {
        \(first)jump \(FilterScript.settling)
        \(limits)\(log(verdict, families: families, then: rest))
        }

        """
    }

    /// Inbound, with a limit for each peer of four fifths of all, and each family with limits of its own: one noisy peer hides
    /// nothing of the others, by both of its addresses either. A peer is forgotten after a minute; one that finds no room
    /// among the others is limited with them.
    ///
    /// What is for no address of this node is told, too, but not answered: nobody behind it need hear of this node.
    private var denied: String {
        let sets = Self.families.map { _, suffix in
            "set refused\(suffix) { type ipv\(suffix)_addr; size 65535; flags dynamic,timeout; timeout 60s; }\n"
        }
        func chain(_ name: String, first: String = "", then rest: String) -> String {
            let limits = Self.families.map { family, suffix in
                "add @refused\(suffix) { \(family) saddr limit rate over 20000/second burst 40000 packets } "
                    + "counter name \"\(FilterScript.unlogged)\" \(rest)\n"
            }
            return refusing(
                name, .deniedInbound, limits: first + limits.joined(),
                families: ["meta nfproto ipv4 ", "meta nfproto ipv6 "], then: rest)
        }
        return sets.joined() + chain("denied", first: Self.answersLate, then: "goto refused")
            + chain("beyond", then: "drop")
    }

    private static let families = [("ip", "4"), ("ip6", "6")]

    /// Logs a flow's first packet and lets it pass: a label on what conntrack knows of it says that it is logged.
    private func passing(_ chain: String, _ verdict: FilterVerdict, first: String = "") -> String {
        """
        chain \(chain) {
        ct state established accept
        ct label \(Self.told) accept
        \(first)ct label set \(Self.told)
        \(log(verdict, then: "accept"))
        }

        """
    }

    /// A bit of conntrack's 128 that other programs hardly take. Source: nft(8), `ct label`.
    private static let told = 113

    /// What conntrack does not follow: TCP is told by the segment that begins a connection, the rest once a minute for its
    /// addresses and ports. When the set is full, it is told more often.
    private var unfollowed: String {
        let sets = Self.families.map { _, suffix in
            "set seen\(suffix) { type ipv\(suffix)_addr . inet_proto . inet_service . inet_service; size 65535; "
                + "flags dynamic,timeout; timeout 60s; }\n"
        }
        let rules = Self.families.map { family, suffix in
            let flow = "\(family) saddr . meta l4proto . th sport . th dport"
            return "\(flow) @seen\(suffix) accept\nadd @seen\(suffix) { \(flow) }\n"
        }
        return sets.joined() + """
            chain unfollowed {
            meta l4proto tcp tcp flags & (fin|syn|rst|ack) != syn accept
            \(rules.joined())\(log(.allowed, then: "accept"))
            }

            """
    }

    /// Logs at most 25,000 packets a second of all, and counts the rest: nothing is left out unsaid. What is logged is counted
    /// as well, as nobody may be there to read it. What leaves is told by the other side.
    private func log(_ verdict: FilterVerdict, families: [String] = [""], then rest: String) -> String {
        let count = verdict == .leaving ? "" : "counter name \"\(FilterScript.logged)\" "
        let limits = families.map {
            "\($0)limit rate over 25000/second burst 50000 packets counter name \"\(FilterScript.unlogged)\" \(rest)\n"
        }
        return """
            \(limits.joined())\(count)log prefix "\(verdict.rawValue)" group \(group) snaplen \(PacketHeader.longestUseful)
            \(rest)
            """
    }

    private static let followed = "ct state invalid,untracked goto unfollowed\n"

    /// Options, routing, fragments within fragments, mobility, HIP and shim6 headers may push what is asked for beyond what is logged: no flow begins
    /// with them, so that none is granted under one name and told under another. Source: RFC 8200 §4, RFC 7045 §4.
    private static let withoutExtensions = "ip6 nexthdr { 0, 43, 44, 60, 135, 139, 140 } goto denied\n"

    /// What still answers a flow of this node, when its other end is no peer any more, attempts nothing.
    private static let answersLate = "ct direction reply ct state established goto refused\n"

    /// What goes on sending to a peer that is gone attempts nothing new.
    private static let beginningsOnly = """
        ct state != new goto refused
        meta l4proto tcp tcp flags & (fin|syn|rst|ack) != syn goto refused

        """

    /// From the overlay to this node. Of an established flow conntrack has fixed both addresses, and its first packet was
    /// asked for them: `running` asks for the grant alone. An answer is asked who it is from, as conntrack knows no
    /// interfaces: it must not come in here for a flow that this node began elsewhere.
    ///
    /// What answers by TCP ends with the first segment that this node may not send. Nothing else needs an answer in return, so
    /// that it is asked whether this node may reach what it comes from.
    private var inbound: String {
        """
        chain arriving6 {
        \(arriving(v4: false))
        }
        chain arriving {
        meta nfproto ipv6 goto arriving6
        \(arriving(v4: true))
        }
        chain answered {
        \(overlayRules("saddr", if: "meta l4proto tcp ", verdict: "accept"))
        ct state != established goto arriving
        \(lookups(in: "to_", address: "saddr", port: "sport", ping: "echo-reply", verdict: "accept"))
        goto arriving
        }
        chain running {
        \(lookups(address: "saddr", port: "dport", ping: "echo-request", verdict: "accept"))
        goto arriving
        }
        chain inbound {
        ct direction reply goto answered
        ct state == established goto running
        goto arriving
        }

        """
    }

    private func arriving(v4: Bool) -> String {
        """
        \(outside(v4: v4))
        ct direction reply ct state related accept
        \(lookups(families: [v4], address: "saddr", port: "dport", ping: "echo-request", verdict: "goto allowed"))
        meta l4proto \(v4 ? "icmp" : "ipv6-icmp") ct state related accept
        goto denied
        """
    }

    /// From this node to the overlay. No grant outlives its peer, so that an answer is asked for its grant alone. What
    /// refuses an inbound packet (it is related to it) always leaves, and a reset to a peer carries nothing. A TCP flow whose
    /// beginning conntrack has not seen is not taken for one of ours: else an inbound flow that outlived its grant could come
    /// back as our own after its entry is lost.
    ///
    /// What conntrack calls invalid, or another table keeps from it (`notrack`), passes as an answer or not at all.
    ///
    /// With `checks`, each packet of a flow of ours looks up that the other side will take it. Without, the first does where
    /// nothing tells a flow of ours from an inbound one whose entry is lost: by all but TCP a service here could else begin
    /// anew what its grant has ended.
    private var outbound: String {
        let verdict = checks ? "goto checked" : "accept"
        return """
            chain answers {
            \(lookups(address: "daddr", port: "sport", ping: "echo-reply", verdict: "accept"))
            ct state related accept
            \(peers(then: "tcp flags & rst == rst accept"))
            goto refused
            }
            chain checked {
            \(lookups(in: "to_", address: "daddr", port: "dport", ping: "echo-request", verdict: "goto leaving"))
            meta l4proto { icmp, ipv6-icmp } ct state related accept
            goto denied_here
            }
            chain to_peer {
            ct state related \(verdict)
            ct state invalid,untracked goto answers
            tcp flags & rst == rst accept
            tcp flags & (fin|syn|rst|ack) == syn goto \(checks ? "checked" : "leaving")
            meta l4proto tcp drop
            goto checked
            }
            chain outbound {
            ct direction reply goto answers
            \(peers(if: "ct state == established ", then: verdict))
            \(peers(then: "goto to_peer"))
            ip daddr 224.0.0.0/4 drop
            ip daddr 255.255.255.255 drop
            ip6 daddr fe80::/10 drop
            ip6 daddr ff00::/8 drop
            goto peerless
            }

            """
    }

    private func peers(if condition: String = "", then verdict: String) -> String {
        "\(condition)ip daddr @peer4 \(verdict)\n\(condition)ip6 daddr @peer6 \(verdict)"
    }

    /// Last, so that the sets and chains exist. Overlay traffic that would leave through another interface is refused.
    /// What arrives over another one from or to an overlay address is dropped: Linux takes a packet for any of its addresses
    /// on every interface (RFC 1122 §3.3.4.2, the weak model), and who sent it nobody knows, so that it is not logged either.
    private var hooks: String {
        """
        chain stray {
        iifname "lo" accept
        drop
        }
        chain input {
        type filter hook input priority filter; policy accept;
        iifname \(interface) goto inbound
        \(overlayRules("saddr", verdict: "goto stray"))
        \(overlayRules("daddr", verdict: "goto stray"))
        }
        chain forward {
        type filter hook forward priority filter; policy accept;
        iifname \(interface) goto beyond
        oifname \(interface) drop
        }
        chain astray {
        oifname "lo" accept
        goto peerless
        }
        chain output {
        type filter hook output priority filter; policy accept;
        oifname \(interface) goto outbound
        \(overlayRules("daddr", verdict: "goto astray"))
        }

        """
    }

    /// A set of ranges takes about four times as long to ask as another.
    private func lookups(
        in sets: String = "", families: [Bool] = [true, false], address: String, port: String, ping: String,
        verdict: String
    ) -> String {
        func rules(_ rule: (_ ip: String, _ suffix: String, _ icmp: String) -> String) -> String {
            families.map { $0 ? rule("ip", "4", "icmp") : rule("ip6", "6", "icmpv6") }.joined(separator: "\n")
        }
        return [
            rules { ip, of, _ in "\(ip) \(address) . meta l4proto . th \(port) @\(sets)port\(of) \(verdict)" },
            rules { ip, of, _ in "\(ip) \(address) @\(sets)any\(of) \(verdict)" },
            rules { ip, of, _ in "\(ip) \(address) . meta l4proto . th \(port) @\(sets)range\(of) \(verdict)" },
            rules { ip, of, icmp in "\(icmp) type \(ping) \(ip) \(address) @\(sets)ping\(of) \(verdict)" },
        ].joined(separator: "\n")
    }

    /// What comes from elsewhere, or is for elsewhere; all of a family that the overlay lacks.
    private func outside(v4: Bool) -> String {
        let alternatives = prefixes(v4: v4)
        guard !alternatives.isEmpty else { return "goto beyond" }
        return ["saddr", "daddr"].map { field in
            alternatives.map { "\(v4 ? "ip" : "ip6") \(field) != \($0) " }.joined() + "goto beyond"
        }.joined(separator: "\n")
    }

    /// A rule for each prefix of the overlay.
    private func overlayRules(_ field: String, if condition: String = "", verdict: String) -> String {
        [("ip", true), ("ip6", false)].flatMap { family, isV4 in
            prefixes(v4: isV4).map { "\(condition)\(family) \(field) \($0) \(verdict)" }
        }.joined(separator: "\n")
    }

    /// Without those that another contains. Few are compared one by one: faster than a set of ranges, and there from the
    /// first packet that a new table meets, which such a set is not. Many are a set.
    private func prefixes(v4: Bool) -> [String] {
        let family = Set(overlay).filter { $0.address.isV4 == v4 }
        let widest = family.filter { one in
            !family.contains { $0 != one && $0.length < one.length && $0.contains(one.address) }
        }
        let list = widest.map(\.description).sorted()
        return list.count > 8 ? ["{ \(list.joined(separator: ", ")) }"] : list
    }
}
