import ArgumentParser
import Glibc
import IdleMemory
import LinuxNetwork

/// The agent starts it beside its engine, and it outlives the agent: see `TunnelGuard`.
struct GuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "Ends an engine when nobody keeps its filter's time; the agent starts it.",
        shouldDisplay: false)

    @Option var interface: String
    @Option(help: "The engine's process number.") var engine: Int32

    func run() throws {
        guard let interface = InterfaceName(interface) else { throw ValidationError("no interface's name") }
        // Whoever ends all agents by name does not mean it.
        if let name = fopen("/proc/self/comm", "we") {
            fputs("ztna-guard", name)
            fclose(name)
        }
        let tunnel = try TunnelGuard(of: engine, on: interface, clocks: { WallClock.reading() })
        // From here on it waits.
        IdleMemory.release()
        _ = tunnel.run()
    }
}
