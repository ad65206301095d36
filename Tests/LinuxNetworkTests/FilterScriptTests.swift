import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func ruleSet(
    _ grants: [(String, FilterGrant.Traffic, Int)], peers: [String] = [], overlay: [String] = ["100.64.0.0/10"]
) throws -> FilterRuleSet {
    FilterRuleSet(
        interface: try #require(InterfaceName("zt0")), overlay: try overlay.map { try #require(IPPrefix($0)) },
        peers: Set(try peers.map { try #require(IPAddress($0)) }),
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
        #expect(script.contains("set peer4 { type ipv4_addr; flags timeout; elements = { 100.64.0.2 }; }"))
        #expect(!script.contains("100.64.0.3"))
        #expect(!script.contains("flush"))
    }

    @Test func `drops a family that the overlay lacks, and names the widest prefixes only`() throws {
        let script = FilterScript.replacement(
            try ruleSet([], overlay: ["100.64.0.0/10", "100.64.1.0/24", "10.0.0.0/8"]), now: 0)
        #expect(script.contains("chain inbound6 {\ndrop\n"))
        #expect(script.contains("ip saddr != { 10.0.0.0/8, 100.64.0.0/10 } drop"))
    }

    @Test func `changes single members of exact sets`() throws {
        let old = try ruleSet([("100.64.0.2", .tcp(22...22), 1100), ("100.64.0.2", .tcp(80...80), 1100)])
        let new = try ruleSet([("100.64.0.2", .tcp(22...22), 1200)], peers: ["100.64.0.2"])
        #expect(
            FilterScript.smallChange(from: old, to: new, now: 1000) == """
                add element inet ztna peer4 { 100.64.0.2 }
                delete element inet ztna port4 { 100.64.0.2 . 6 . 22 }
                delete element inet ztna port4 { 100.64.0.2 . 6 . 80 }
                add element inet ztna port4 { 100.64.0.2 . 6 . 22 timeout 200s }

                """)
        #expect(FilterScript.smallChange(from: new, to: new, now: 1000) == "")
    }

    @Test func `changes a range of few, with the pieces that it overlaps`() throws {
        let old = try ruleSet([("100.64.0.2", .tcp(100...200), 1100), ("100.64.0.3", .tcp(100...200), 1100)])
        let new = try ruleSet([
            ("100.64.0.2", .tcp(100...200), 1100), ("100.64.0.2", .tcp(150...300), 1200),
            ("100.64.0.3", .tcp(100...200), 1100),
        ])
        #expect(
            FilterScript.smallChange(from: old, to: new, now: 1000) == """
                delete element inet ztna range4 { 100.64.0.2 . 6 . 100-200 }
                add element inet ztna range4 { 100.64.0.2 . 6 . 100-149 timeout 100s }
                add element inet ztna range4 { 100.64.0.2 . 6 . 150-300 timeout 200s }

                """)
    }

    @Test func `gives a peer the time it is one, and changes it alone`() throws {
        var old = try ruleSet([], peers: ["100.64.0.2", "100.64.0.3"])
        let peer = try #require(IPAddress("100.64.0.2"))
        old.peerEnds = [peer: 1100]
        #expect(FilterScript.replacement(old, now: 1000).contains("{ 100.64.0.2 timeout 100s, 100.64.0.3 }"))
        #expect(!FilterScript.replacement(old, now: 1100).contains("100.64.0.2"))
        var new = old
        new.peerEnds = [peer: 1200]
        #expect(
            FilterScript.smallChange(from: old, to: new, now: 1000) == """
                delete element inet ztna peer4 { 100.64.0.2 }
                add element inet ztna peer4 { 100.64.0.2 timeout 200s }

                """)
    }

    @Test func `replaces the table rather than remove ranges of many`() throws {
        func ranges(_ count: Int) throws -> FilterRuleSet {
            try ruleSet((0..<count).map { ("100.65.\($0 / 250).\($0 % 250)", .tcp(1...2), 10) })
        }
        let (few, many) = (try ranges(1000), try ranges(1001))
        #expect(FilterScript.smallChange(from: few, to: many, now: 0) != nil)
        #expect(FilterScript.smallChange(from: few, to: try ranges(999), now: 0) != nil)
        #expect(FilterScript.smallChange(from: few, to: try ranges(998), now: 0) == nil)
        #expect(FilterScript.smallChange(from: many, to: few, now: 0) == nil)
    }

    @Test func `replaces the table for many members and other rules`() throws {
        let none = try ruleSet([])
        var otherGroup = none
        otherGroup.logGroup = 8
        let cases = [
            try ruleSet((1...65).map { ("100.64.0.2", .tcp($0...$0), 10) }),
            try ruleSet([], overlay: ["10.0.0.0/8"]), otherGroup,
        ]
        for new in cases { #expect(FilterScript.smallChange(from: none, to: new, now: 0) == nil) }
        let most = try ruleSet((1...64).map { ("100.64.0.2", .tcp($0...$0), 10) })
        #expect(FilterScript.smallChange(from: none, to: most, now: 0) != nil)
    }
}

@Suite struct `A filter's listing` {
    @Test func `is the same for the dormant table and the live one, whatever its sets count`() {
        let dormant = "table inet ztna-canonical {\n\tflags dormant\n\n\tset seen4 {\n\t\tsize 9\n\t}\n}\n"
        let live = "table inet ztna {\n\tset seen4 {\n\t\tsize 9\t# count 3\n\t}\n}\n"
        let asleep = "table inet ztna {\n\tflags dormant\n\n\tset seen4 {\n\t\tsize 9\n\t}\n}\n"
        let expected = FilterListing.rules(Array(dormant.utf8), of: "ztna-canonical")
        #expect(FilterListing.rules(Array(live.utf8), of: "ztna") == expected)
        #expect(FilterListing.rules(Array(asleep.utf8), of: "ztna") != expected)
    }
}
