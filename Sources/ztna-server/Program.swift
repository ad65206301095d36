import ArgumentParser
import ProgramEntry
import Wire

/// The server: identity gateway and coordinator in one process, and the commands of its administrator.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-server",
        abstract: "The server of a ztna network: sign-in, coordination, administration.",
        discussion: """
            Start with `ztna-server check --config ztna.yaml`, then `ztna-server serve --config ztna.yaml`.
            The administrative commands talk to the running server through the socket in its state directory: whoever \
            owns that directory is an administrator, also when no identity provider can be reached.
            """,
        version: "ztna-server \(ProgramVersion.current)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, SessionsCommand.self, NodesCommand.self, PeopleCommand.self,
            SAMLCommand.self, SCIMCommand.self, DirectoryCommand.self, PolicyCommand.self, GrantsCommand.self,
            AuditCommand.self, VersionCommand.self,
        ])

    static func main() async { await enter() }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() { print(Program.configuration.version) }
}

/// Prints what went wrong and what to do, and ends the program unsuccessfully.
func fail(_ message: String) -> any Error {
    StandardError.write("ztna-server: \(message)\n")
    return ExitCode.failure
}
