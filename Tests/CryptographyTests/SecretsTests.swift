import Cryptography
import Synchronization
import Testing

@Suite struct `Secret bytes` {
    @Test func `are taken out of their source, compared and lent`() throws {
        var source: [UInt8] = [1, 2, 3]
        let secret = try SecretBytes(taking: &source)
        #expect(source == [0, 0, 0])
        var same: [UInt8] = [1, 2, 3]
        var other: [UInt8] = [1, 2, 4]
        var shorter: [UInt8] = [1, 2]
        let matches = [
            secret.matches(try SecretBytes(taking: &same)), secret.matches(try SecretBytes(taking: &other)),
            secret.matches(try SecretBytes(taking: &shorter)),
        ]
        #expect(matches == [true, false, false])
        let lent = secret.withBytes { Array($0) }
        #expect(lent == [1, 2, 3])
        var none: [UInt8] = []
        let empty = try SecretBytes(taking: &none)
        let count = empty.count
        #expect(count == 0)
    }

    @Test func `are compared and wiped outside their type too`() {
        #expect(constantTimeEqual([], []))
        #expect(constantTimeEqual([1, 2], [1, 2]))
        #expect(!constantTimeEqual([1, 2], [1, 3]))
        #expect(!constantTimeEqual([1, 2], [1]))
        var bytes: [UInt8] = [1, 2]
        wipe(&bytes)
        #expect(bytes == [0, 0])
    }
}

@Suite struct `Random bytes` {
    @Test func `is uniform below a bound`() {
        var counts = [Int](repeating: 0, count: 20)
        for _ in 0..<20_000 { counts[Int(Randomness.system.uniform(below: 20))] += 1 }
        // 1,000 expected, standard deviation 31: ten of those either way.
        #expect(counts.allSatisfy { (690...1_310).contains($0) })
        #expect(Randomness.system.uniform(below: 0) == 0)
        #expect(Randomness.system.uniform(below: 1) == 0)
    }

    @Test func `throws away what would favour small numbers`() {
        let values: [[UInt8]] = [[0xFF, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xF0], [0, 0, 0, 41]]
        let calls = Calls()
        // 2^32 mod 20 is 16: the last 16 values are rejected.
        let randomness = Randomness { _ in values[min(calls.next(), 2)] }
        #expect(randomness.uniform(below: 20) == 1)
        #expect(calls.next() == 3)
    }

    @Test func `makes identifiers that begin with a letter`() {
        let identifier = Randomness { [UInt8](repeating: 0xFF, count: $0) }.identifier()
        #expect(identifier == "f____________________w")
        #expect(Randomness { [UInt8](repeating: 0xFB, count: $0) }.identifier().first == "e")
    }

    @Test func `makes tokens of its bytes`() {
        #expect(Randomness.system.token().utf8.count == 43)
        #expect(Randomness.system.token(16).utf8.count == 22)
        #expect(Randomness.system.token() != Randomness.system.token())
        #expect(Randomness { [UInt8](repeating: 0, count: $0) }.token(3) == "AAAA")
    }
}

private final class Calls: Sendable {
    private let count = Mutex(0)

    /// 0, 1, 2…
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
