import ArgumentParser
import LinuxNetwork

/// Removes what a killed agent left behind.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Removes what a killed agent left behind: engine, interface and packet filter. The state stays.")

    @Option(help: "The overlay interface's name.")
    var interface = RunCommand.defaultInterface

    func run() async throws {
        guard Privileges.isRoot else { throw ValidationError("This needs root: run it with sudo.") }
        guard let interface = InterfaceName(interface) else {
            throw ValidationError("--interface \(interface) is no interface's name.")
        }
        let removed = try await InterfaceCleanup().run(interface: interface)
        for item in removed { print("removed \(item)") }
        if removed.isEmpty { print("there was no engine and no interface \(interface); the packet filter is removed") }
    }
}
