import NetworkAddresses
import Testing

@testable import LinuxNetwork

/// Whoever has a grant is a peer, unless `peers` says who is.
func ruleSet(
    _ grants: [(String, FilterGrant.Traffic, Int)], peers: [String]? = nil, overlay: [String] = ["100.64.0.0/10"]
) throws -> FilterRuleSet {
    FilterRuleSet(
        interface: try #require(InterfaceName("zt0")), overlay: try overlay.map { try #require(IPPrefix($0)) },
        peers: Set(try (peers ?? grants.map(\.0)).map { try #require(IPAddress($0)) }),
        grants: try grants.map {
            FilterGrant(source: try #require(IPAddress($0.0)), traffic: $0.1, expiresAt: $0.2)
        }, logGroup: 7)
}

@Suite struct `An interface name` {
    @Test(arguments: ["zt0", "wg-1.a_b", "abcdefghijklmno"])
    func `is accepted`(_ text: String) { #expect(InterfaceName(text)?.text == text) }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "a\"", "a\n", "é", "abcdefghijklmnop"])
    func `is refused outside its alphabet and length`(_ text: String) { #expect(InterfaceName(text) == nil) }
}

@Suite struct `A filter's elements` {
    @Test func `go to the set of their kind and family`() throws {
        let elements = FilterElements(
            try ruleSet(
                [
                    ("100.64.0.2", .tcp(22...22), 50), ("fd00::2", .udp(53...53), 60), ("100.64.0.2", .icmp, 70),
                    ("fd00::2", .any, 80), ("100.64.0.2", .tcp(80...90), 90),
                ], peers: ["100.64.0.2", "fd00::2"]))
        #expect(
            elements.sets.filter { !$0.value.isEmpty } == [
                "port4": ["100.64.0.2 . 6 . 22": 50], "port6": ["fd00::2 . 17 . 53": 60], "ping4": ["100.64.0.2": 70],
                "any6": ["fd00::2": 80], "range4": ["100.64.0.2 . 6 . 80-90": 90], "peer4": ["100.64.0.2": nil],
                "peer6": ["fd00::2": nil],
            ])
    }

    @Test func `live as long as the longest of equals`() throws {
        let elements = FilterElements(
            try ruleSet([("100.64.0.2", .tcp(22...22), 50), ("100.64.0.2", .tcp(22...22), 90)]))
        #expect(elements.sets["port4"] == ["100.64.0.2 . 6 . 22": 90])
    }

    @Test func `cut overlapping ranges into disjoint ones`() throws {
        let elements = FilterElements(
            try ruleSet([
                ("100.64.0.2", .tcp(100...200), 50), ("100.64.0.2", .tcp(150...300), 90),
                ("100.64.0.2", .tcp(301...65535), 90), ("100.64.0.2", .udp(100...200), 50),
            ]))
        #expect(
            elements.sets["range4"] == [
                "100.64.0.2 . 6 . 100-149": 50, "100.64.0.2 . 6 . 150-65535": 90, "100.64.0.2 . 17 . 100-200": 50,
            ])
    }

    @Test func `are those of peers, and end with them`() throws {
        var rules = try ruleSet(
            [("100.64.0.2", .any, 50), ("100.64.0.3", .any, 50), ("100.64.0.4", .tcp(1...2), 50)],
            peers: ["100.64.0.2", "100.64.0.4"])
        rules.peerEnds = [try #require(IPAddress("100.64.0.2")): 60, try #require(IPAddress("100.64.0.4")): 40]
        let elements = FilterElements(rules)
        #expect(elements.sets["any4"] == ["100.64.0.2": 50])
        #expect(elements.sets["range4"] == ["100.64.0.4 . 6 . 1-2": 40])
    }

    @Test func `end with their second`() throws {
        let elements = FilterElements(try ruleSet([("100.64.0.2", .any, 50), ("100.64.0.3", .any, 51)]))
        #expect(elements.living(at: 50).sets["any4"] == ["100.64.0.3": 51])
    }
}

@Suite struct `A filter's script` {
    @Test func `replaces the table with timeouts that count from now`() throws {
        let script = FilterScript.replacement(
            try ruleSet([("100.64.0.2", .tcp(22...22), 1100), ("100.64.0.3", .any, 999)], peers: ["100.64.0.2"]),
            now: 1000)
        #expect(script.hasPrefix("table inet ztna\ndelete table inet ztna\ntable inet ztna {\n"))
        #expect(script.contains("elements = { 100.64.0.2 . 6 . 22 timeout 100s }"))
        let peers = "set peer4 { type ipv4_addr; flags timeout; gc-interval 60s; elements = { 100.64.0.2 }; }"
        #expect(script.contains(peers))
        #expect(!script.contains("100.64.0.3"))
        #expect(!script.contains("flush"))
    }

    @Test func `drops a family that the overlay lacks, and names the widest prefixes only`() throws {
        let script = FilterScript.replacement(
            try ruleSet([], overlay: ["100.64.0.0/10", "100.64.1.0/24", "10.0.0.0/8"]), now: 0)
        #expect(script.contains("chain arriving6 {\ngoto beyond\n"))
        #expect(script.contains("ip saddr != 10.0.0.0/8 ip saddr != 100.64.0.0/10 goto beyond"))
        #expect(script.contains("ip daddr 10.0.0.0/8 goto stray\nip daddr 100.64.0.0/10 goto stray\n"))
    }

    /// Packets meet new rules before a new set of ranges.
    @Test func `drops for the moment of its replacement what it refuses afterwards`() throws {
        let script = FilterScript.replacement(try ruleSet([]), now: 0)
        #expect(script.contains("chain settling {\ndrop\n}\n"))
        for chain in ["refused", "denied", "denied_here"] {
            #expect(script.contains("chain \(chain) {\njump settling\n"), "\(chain)")
        }
        #expect(FilterScript.settled == "flush chain inet ztna settling\n")
        #expect(FilterScript.canonical(try ruleSet([])).contains("chain settling {\n}\n"))
    }
}
