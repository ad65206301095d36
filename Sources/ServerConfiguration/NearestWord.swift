/// The word of a list that a person most likely meant, by edit distance.
enum NearestWord {
    /// Nil when none is near: at most one edit for each three letters, and at least one is always forgiven.
    static func of(_ text: String, among words: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let limit = max(1, text.utf8.count / 3)
        let lower = text.lowercased()
        let ranked = words.map { (word: $0, distance: distance(lower, $0.lowercased())) }
        guard let nearest = ranked.min(by: { $0.distance < $1.distance }), nearest.distance <= limit else { return nil }
        return nearest.word
    }

    /// Insertions, removals, replacements and swaps of neighbours that turn one into the other (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(
                    previous[column] + (byte == other ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
