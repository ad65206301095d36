import Agent
import ArgumentParser
import LinuxNetwork
import Synchronization

/// Removes what a killed agent left behind.
struct CleanupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cleanup",
        abstract: "Removes what a killed agent left behind: engine, interface and packet filter. The state stays.",
        discussion: "How many attempts came meanwhile is kept in the state: the next agent tells it.")

    @Option(help: "The overlay interface's name.")
    var interface = RunCommand.defaultInterface

    @Option(help: "Where that agent kept its state.")
    var state = RunCommand.defaultState

    func run() async throws {
        guard Privileges.isRoot else { throw ValidationError("This needs root: run it with sudo.") }
        guard let interface = InterfaceName(interface) else {
            throw ValidationError("--interface \(interface) is no interface's name.")
        }
        let state = state
        let left = Mutex(LeftAttempts.none)
        let removed = try await InterfaceCleanup().run(interface: interface) { filter in
            let found = try await LeftAttempts.removeTable(of: filter, stateIn: state)
            left.withLock { $0 = found }
        }
        for item in removed { print("removed \(item)") }
        if removed.isEmpty { print("there was no engine and no interface \(interface); the packet filter is removed") }
        switch left.withLock({ $0 }) {
        case .none: break
        case .kept(let count): print("kept for the next agent to tell: \(count) attempts while no agent ran")
        case .unknown(let count):
            print(
                "not kept: the packet filter has counted \(count) attempts, and \(state) does not say how many were told"
            )
        }
    }
}
