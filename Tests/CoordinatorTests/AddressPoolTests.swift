import Coordinator
import Cryptography
import NetworkAddresses
import Store
import StoreSQLite
import Testing

@Suite struct `An address pool` {
    static func pool(_ prefix: String = "100.64.0.0/10") throws -> AddressPool {
        try AddressPool(ipv4: #require(IPPrefix(prefix)), ipv6: #require(IPPrefix("fd12:3456:789a::/48")))
    }

    private func take(
        _ count: Int, from pool: AddressPool, in store: SQLiteStore, now: Int = 0
    ) async throws -> [String] {
        try await store.write { transaction in
            try (0..<count).map { number -> String in
                guard let (ipv4, ipv6) = try pool.allocate(in: transaction, now: now) else { return "none" }
                try transaction.save(Fixture.node(number: number + now, ipv4: ipv4, ipv6: ipv6))
                return "\(ipv4) \(ipv6)"
            }
        }
    }

    @Test func `gives each address once, in turn, with its IPv6 companion`() async throws {
        let taken = try await take(3, from: Self.pool(), in: SQLiteStore(inMemory: ()))
        #expect(
            taken == [
                "100.64.0.16 fd12:3456:789a::6440:10", "100.64.0.17 fd12:3456:789a::6440:11",
                "100.64.0.18 fd12:3456:789a::6440:12",
            ])
    }

    @Test func `says so when nothing is free`() async throws {
        let taken = try await take(17, from: Self.pool("100.64.0.0/27"), in: SQLiteStore(inMemory: ()))
        #expect(Set(taken).count == 17)
        #expect(taken.last == "none")
    }

    @Test(arguments: [("100.64.0.224/27", "100.64.0.255"), ("100.100.100.64/26", "100.100.100.100")])
    func `never gives out reserved addresses`(_ prefix: String, _ reserved: String) async throws {
        let taken = try await take(64, from: Self.pool(prefix), in: SQLiteStore(inMemory: ()))
        #expect(!taken.contains { $0.hasPrefix("\(reserved) ") })
    }

    @Test func `lets a released address rest for a year`() async throws {
        let store = try SQLiteStore(inMemory: ())
        let pool = try Self.pool("100.64.0.0/27")
        let all = try await take(16, from: pool, in: store)
        let first = try #require(all.first)
        try await store.write { transaction in
            let node = try #require(try transaction.nodes().first { first.hasPrefix("\($0.ipv4) ") })
            try transaction.deleteNode(node.id, now: 1000)
        }
        let year = 365 * 86_400
        #expect(try await take(1, from: pool, in: store, now: 1000 + year) == ["none"])
        #expect(try await take(1, from: pool, in: store, now: 1001 + year + 86_400) == [first])
    }

    @Test(arguments: ["100.64.0.0/28", "fd00::/48"])
    func `refuses a prefix that is too small or of the wrong family`(_ prefix: String) {
        #expect(throws: CoordinatorError.self) { try Self.pool(prefix) }
    }

    @Test func `makes a ULA prefix of 40 random bits`() {
        let prefix = AddressPool.randomPrefix(from: Randomness { Array(repeating: 0xAB, count: $0) })
        #expect(prefix?.description == "fdab:abab:abab::/48")
    }
}
