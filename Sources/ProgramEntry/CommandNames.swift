internal import ArgumentParser

/// What somebody meant who typed the name of no command.
enum CommandNames {
    /// The commands of the deepest one that was named, which the next word is near to; none where it is an option, or where
    /// a command has no commands of its own.
    static func meant(by arguments: [String], under root: any ParsableCommand.Type) -> [String] {
        var commands = root.configuration.subcommands
        for word in arguments {
            guard let next = commands.first(where: { $0.names.contains(word) }) else {
                return near(word, among: commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName })
            }
            commands = next.configuration.subcommands
        }
        return []
    }

    /// Those that share the longest beginning with the word, of two letters at least; none for a command, an option, or what
    /// begins like nothing.
    static func near(_ word: String, among names: [String]) -> [String] {
        guard !word.hasPrefix("-"), !names.contains(word) else { return [] }
        let shared = names.map { ($0, $0.commonPrefix(with: word)) }
        guard let longest = shared.map(\.1).max(), longest >= 2 else { return [] }
        return shared.filter { $0.1 == longest }.map(\.0)
    }
}

extension ParsableCommand {
    fileprivate static var names: [String] { [_commandName] + configuration.aliases }
}

extension String {
    /// How many characters are the same at both beginnings.
    fileprivate func commonPrefix(with other: String) -> Int { zip(self, other).prefix { $0 == $1 }.count }
}
