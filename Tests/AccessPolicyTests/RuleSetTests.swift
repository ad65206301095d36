import AccessPolicy
import Testing

@Suite struct `Sets of rules` {
    /// Lists of one word and of several blocks of words; sets that hold nothing, little and much.
    @Test(arguments: [0, 1, 64, 200, 4096, 4097, 20_000], [0, 1, 3, 50, 5000])
    func `say what both hold, in order`(_ count: Int, _ density: Int) {
        var numbers = SeededGenerator(seed: UInt64(count * 10 + density))
        func members() -> Set<Int> {
            guard count > 0, density > 0 else { return [] }
            return Set((0..<density).map { _ in Int.random(in: 0..<count, using: &numbers) })
        }
        func places(_ members: Set<Int>) -> PlaceSet {
            var places = PlaceSet(count: count)
            for member in members { places.insert(member) }
            return places
        }
        let (first, second) = (members(), members())
        let both = first.intersection(second).sorted()
        let (ours, theirs) = (RuleSet(places(first)), RuleSet(places(second)))
        #expect(ours.indices == first.sorted() && theirs.indices == second.sorted())
        #expect(ours.common(with: theirs) == both && theirs.common(with: ours) == both)
        #expect(ours.meets(theirs) == !both.isEmpty)
        #expect(ours.firstCommon(with: theirs) { $0 % 3 == 0 } == both.first { $0 % 3 == 0 })
        #expect(places(first).common(with: places(second)) == both)
        var union = places(first)
        union.formUnion(places(second))
        #expect(union.indices == first.union(second).sorted())
        #expect(RuleSet(places(first)) == ours && (first == second) == (ours == theirs))
        #expect(first.allSatisfy(places(first).contains) && places(first).isEmpty == first.isEmpty)
    }
}
