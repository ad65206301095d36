import ArgumentParser
import ProgramEntry
import Wire

/// The agent of one device: see `ztna-agent help run`.
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-agent", abstract: "Joins this device to a zero trust network, as a service.",
        version: "ztna-agent \(ProgramVersion.current)",
        subcommands: [RunCommand.self, CleanupCommand.self, GuardCommand.self, VersionCommand.self])

    static func main() async { await enter() }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { print(Program.configuration.version) }
}
