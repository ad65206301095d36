/// Some places of a list, such as a policy's rules: one bit each, and above them one bit for each word that is not zero, so
/// that two sets are compared without looking at what neither holds.
package struct PlaceSet: Hashable, Sendable {
    private(set) var words: [UInt64]
    private(set) var summary: [UInt64]

    package init(count: Int) {
        words = Array(repeating: 0, count: (count + 63) / 64)
        summary = Array(repeating: 0, count: (words.count + 63) / 64)
    }

    package mutating func insert(_ index: Int) {
        guard words.indices.contains(index >> 6) else { return }
        words[index >> 6] |= 1 << UInt64(index & 63)
        summary[index >> 12] |= 1 << UInt64((index >> 6) & 63)
    }

    package mutating func formUnion(_ other: PlaceSet) {
        for index in words.indices where index < other.words.count { words[index] |= other.words[index] }
        for index in summary.indices where index < other.summary.count { summary[index] |= other.summary[index] }
    }

    /// Takes in what both others hold.
    mutating func formUnion(ofCommon first: PlaceSet, _ second: PlaceSet) {
        for index in words.indices where index < first.words.count && index < second.words.count {
            words[index] |= first.words[index] & second.words[index]
        }
        summarize()
    }

    mutating func subtract(_ other: PlaceSet) {
        for index in words.indices where index < other.words.count { words[index] &= ~other.words[index] }
        summarize()
    }

    private mutating func summarize() {
        for block in summary.indices {
            var word: UInt64 = 0
            for index in block << 6..<min(block << 6 + 64, words.count) where words[index] != 0 {
                word |= 1 << UInt64(index & 63)
            }
            summary[block] = word
        }
    }

    package func contains(_ index: Int) -> Bool {
        words.indices.contains(index >> 6) && words[index >> 6] & (1 << UInt64(index & 63)) != 0
    }

    package var isEmpty: Bool { summary.allSatisfy { $0 == 0 } }

    package func meets(_ other: PlaceSet) -> Bool { firstCommon(with: other) { _ in true } != nil }

    /// The first place in both that satisfies a question.
    package func firstCommon(with other: PlaceSet, where isWanted: (Int) -> Bool) -> Int? {
        for (block, ours) in summary.enumerated() where block < other.summary.count {
            var common = ours & other.summary[block]
            while common != 0 {
                let word = block << 6 + common.trailingZeroBitCount
                common &= common - 1
                var bits = words[word] & other.words[word]
                while bits != 0 {
                    let index = word << 6 + bits.trailingZeroBitCount
                    if isWanted(index) { return index }
                    bits &= bits - 1
                }
            }
        }
        return nil
    }

    /// All places in both, ascending.
    package func common(with other: PlaceSet) -> [Int] {
        var found: [Int] = []
        _ = firstCommon(with: other) {
            found.append($0)
            return false
        }
        return found
    }

    package var indices: [Int] { common(with: self) }
}
