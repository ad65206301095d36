/// What somebody meant who typed the name of no command.
package enum CommandNames {
    /// Those that share the longest beginning with the word, of two letters at least; none for a command, an option, or what
    /// begins like nothing.
    package static func near(_ word: String, among names: [String]) -> [String] {
        guard !word.hasPrefix("-"), !names.contains(word) else { return [] }
        let shared = names.map { ($0, $0.commonPrefix(with: word)) }
        guard let longest = shared.map(\.1).max(), longest >= 2 else { return [] }
        return shared.filter { $0.1 == longest }.map(\.0)
    }
}

extension String {
    /// How many characters are the same at both beginnings.
    fileprivate func commonPrefix(with other: String) -> Int { zip(self, other).prefix { $0 == $1 }.count }
}
