internal import ArgumentParser
internal import CommandLineClient
internal import ProgramEntry
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

    static func main() async { await enter() }
}

/// Ends the process as a command's outcome says.
func finish(_ status: CommandOutcome) throws {
    guard status == .ok else { throw ExitCode(status.rawValue) }
}
