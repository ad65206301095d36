internal import ArgumentParser
internal import CommandLineClient
internal import Glibc
internal import Wire

/// `ztna`: the person's command. It asks `ztna-agent` over its Unix socket and prints the answer; the agent does the work.
@main
struct ZTNA: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna",
        abstract: "Sign this device in to a Zero Trust network, and see how it stands.",
        discussion: """
            Every command speaks with ztna-agent on this machine.

            Exit codes:
            \(CommandOutcome.table)

            Completions: ztna --generate-completion-script bash|zsh|fish
            """,
        version: "ztna \(ProgramVersion.current)",
        subcommands: [
            LoginCommand.self, LogoutCommand.self, StatusCommand.self, WhoamiCommand.self, PeersCommand.self,
            RefusalsCommand.self, WhyCommand.self, WatchCommand.self, AdminCommand.self, UpCommand.self,
            DownCommand.self, VersionCommand.self, DemoCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// "Did you mean: status?", for a word that begins like a command and is none.
    private static func suggestion(for word: String) -> String? {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        let near = CommandNames.near(word, among: names)
        return near.isEmpty ? nil : "Did you mean: " + near.joined(separator: " or ") + "?"
    }

    /// The parser's own code for a wrong command line is 64; ours is 2.
    private static func end(with error: any Error) -> Never {
        if exitCode(for: error) == .validationFailure {
            let words = CommandLine.arguments.dropFirst().first.flatMap { Self.suggestion(for: $0) }
            Console.standard(json: false, environment: AgentOptions.environment).note(
                fullMessage(for: error) + (words.map { "\n" + $0 } ?? ""))
            Glibc.exit(CommandOutcome.usage.rawValue)
        }
        exit(withError: error)
    }
}

/// Ends the process as a command's outcome says.
func finish(_ status: CommandOutcome) throws {
    guard status == .ok else { throw ExitCode(status.rawValue) }
}
