import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func script(_ old: FilterRuleSet, _ new: FilterRuleSet, now: FilterTime = 1000) -> String? {
    FilterChange(from: old, to: new, now: now)?.script(now: now)
}

@Suite struct `A filter's change` {
    @Test func `is of the members that differ, a command for each set`() throws {
        let old = try ruleSet([("100.64.0.2", .tcp(22...22), 1100), ("100.64.0.2", .tcp(80...80), 1100)])
        let new = try ruleSet([("100.64.0.2", .tcp(22...22), 1200)], peers: ["100.64.0.2", "100.64.0.3"])
        #expect(
            script(old, new) == """
                add element inet ztna peer4 { 100.64.0.3 }
                delete element inet ztna port4 { 100.64.0.2 . 6 . 22, 100.64.0.2 . 6 . 80 }
                add element inet ztna port4 { 100.64.0.2 . 6 . 22 timeout 200s }

                """)
        #expect(script(new, new) == "")
    }

    @Test func `of a range of few takes the pieces that it overlaps`() throws {
        let old = try ruleSet([("100.64.0.2", .tcp(100...200), 1100), ("100.64.0.3", .tcp(100...200), 1100)])
        let new = try ruleSet([
            ("100.64.0.2", .tcp(100...200), 1100), ("100.64.0.2", .tcp(150...300), 1200),
            ("100.64.0.3", .tcp(100...200), 1100),
        ])
        #expect(
            script(old, new) == """
                delete element inet ztna range4 { 100.64.0.2 . 6 . 100-200 }
                add element inet ztna range4 { 100.64.0.2 . 6 . 100-149 timeout 100s, \
                100.64.0.2 . 6 . 150-300 timeout 200s }

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
            script(old, new) == """
                delete element inet ztna peer4 { 100.64.0.2 }
                add element inet ztna peer4 { 100.64.0.2 timeout 200s }

                """)
    }

    @Test func `takes and gives what a peer was granted when it goes and comes`() throws {
        let grants: [(String, FilterGrant.Traffic, Int)] = [
            ("100.64.0.2", .any, 1100), ("100.64.0.3", .any, 1100), ("100.64.0.4", .any, 1100),
        ]
        let old = try ruleSet(grants, peers: ["100.64.0.2", "100.64.0.4"])
        var new = try ruleSet(grants, peers: ["100.64.0.3", "100.64.0.4"])
        new.peerEnds = [try #require(IPAddress("100.64.0.4")): 1050]
        #expect(
            script(old, new) == """
                delete element inet ztna peer4 { 100.64.0.2, 100.64.0.4 }
                add element inet ztna peer4 { 100.64.0.3, 100.64.0.4 timeout 50s }
                delete element inet ztna any4 { 100.64.0.2, 100.64.0.4 }
                add element inet ztna any4 { 100.64.0.3 timeout 100s, 100.64.0.4 timeout 50s }

                """)
    }

    @Test func `leaves to the kernel what has ended`() throws {
        let old = try ruleSet([("100.64.0.2", .any, 1000), ("100.64.0.2", .icmp, 1001)])
        #expect(
            script(old, try ruleSet([], peers: ["100.64.0.2"])) == "delete element inet ztna ping4 { 100.64.0.2 }\n")
        let many = try ruleSet((1...3000).map { ("100.64.0.2", .tcp($0...$0), 1000) })
        #expect(script(many, try ruleSet([], peers: ["100.64.0.2"])) == "")
    }

    @Test func `is another table rather than the removal of ranges of many`() throws {
        func ranges(_ count: Int) throws -> FilterRuleSet {
            try ruleSet((0..<count).map { ("100.65.\($0 / 250).\($0 % 250)", .tcp(1...2), 2000) })
        }
        let (few, many) = (try ranges(1000), try ranges(1001))
        #expect(script(few, many) != nil)
        #expect(script(few, try ranges(999)) != nil)
        #expect(script(few, try ranges(998)) == nil)
        #expect(script(many, few) == nil)
    }

    /// A peer more or less is a member too.
    @Test(arguments: [
        (0, 1, true), (0, 9000, true), (9000, 4500, true), (9000, 4499, false), (9000, 0, false), (1000, 0, true),
        (1001, 0, false),
    ])
    func `is another table when that has fewer members than change`(_ before: Int, _ after: Int, _ isChange: Bool)
        throws
    {
        func ports(_ count: Int) throws -> FilterRuleSet {
            try ruleSet(
                (0..<count).map { ("100.64.0.2", .tcp(UInt16(1 + $0)...UInt16(1 + $0)), 2000) }, peers: ["100.64.0.2"])
        }
        #expect((script(try ports(before), try ports(after)) != nil) == isChange)
    }

    @Test func `is another table for other rules`() throws {
        let none = try ruleSet([])
        var (group, egress) = (none, none)
        group.logGroup = 8
        egress.checksEgress = true
        for new in [try ruleSet([], overlay: ["10.0.0.0/8"]), group, egress] { #expect(script(none, new) == nil) }
    }
}
