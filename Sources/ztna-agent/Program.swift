import ArgumentParser
import Glibc
import Wire

/// The agent of one device: see `ztna-agent help run`.
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-agent", abstract: "Joins this device to a zero trust network, as a service.",
        version: "ztna-agent \(ProgramVersion.current)",
        subcommands: [RunCommand.self, CleanupCommand.self, GuardCommand.self, VersionCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            // The parser's own code for a wrong command line is 64; that of all our programs is 2.
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            let words = Array((fullMessage(for: error) + "\n").utf8)
            _ = words.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            Glibc.exit(2)
        }
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { print(Program.configuration.version) }
}
