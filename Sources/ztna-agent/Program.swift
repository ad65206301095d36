import ArgumentParser
import Wire

/// The agent of one device: see `ztna-agent help run`.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-agent", abstract: "Joins this device to a zero trust network, as a service.",
        version: ProgramVersion.current, subcommands: [RunCommand.self, CleanupCommand.self, VersionCommand.self])
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { print(ProgramVersion.current) }
}
