/// Some of a policy's rules, by their place, packed: of the words of a `PlaceSet` only those that are not zero, so that a set
/// takes room, and a comparison time, by the rules that it holds and not by all that there are.
package struct RuleSet: Hashable, Sendable {
    /// One bit for each word that is not zero; then these words.
    private let words: [UInt64]
    private let summaryCount: Int

    package init(_ places: PlaceSet) {
        summaryCount = places.summary.count
        words = places.summary + places.words.filter { $0 != 0 }
    }

    package func meets(_ other: RuleSet) -> Bool { firstCommon(with: other) { _ in true } != nil }

    /// The first rule in both that satisfies a question, in the policy's order.
    package func firstCommon(with other: RuleSet, where isWanted: (Int) -> Bool) -> Int? {
        // The words that are not zero lie in the order of their bits.
        var (ourStart, theirStart) = (summaryCount, other.summaryCount)
        for block in 0..<min(summaryCount, other.summaryCount) {
            let (ours, theirs) = (words[block], other.words[block])
            var common = ours & theirs
            while common != 0 {
                let lower = (common & (0 &- common)) &- 1
                let place = common.trailingZeroBitCount
                common &= common - 1
                var bits =
                    words[ourStart + (ours & lower).nonzeroBitCount]
                    & other.words[theirStart + (theirs & lower).nonzeroBitCount]
                while bits != 0 {
                    let index = (block << 6 + place) << 6 + bits.trailingZeroBitCount
                    if isWanted(index) { return index }
                    bits &= bits - 1
                }
            }
            ourStart += ours.nonzeroBitCount
            theirStart += theirs.nonzeroBitCount
        }
        return nil
    }

    /// All rules in both, in the policy's order.
    package func common(with other: RuleSet) -> [Int] {
        var found: [Int] = []
        _ = firstCommon(with: other) {
            found.append($0)
            return false
        }
        return found
    }

    package var indices: [Int] { common(with: self) }
}
