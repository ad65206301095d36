internal import ArgumentParser
internal import CommandLineClient
internal import Glibc

/// What every command that asks the agent takes.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The agent's socket. (default: $ZTNA_AGENT_SOCKET, else /run/ztna-agent.sock)", valueName: "path"),
        completion: .file())
    var socket: String?

    @Flag(help: "Print JSON, for programs.")
    var json = false

    var socketPath: String {
        let named = socket ?? getenv("ZTNA_AGENT_SOCKET").map { String(cString: $0) } ?? ""
        return named.isEmpty ? "/run/ztna-agent.sock" : named
    }

    var console: Console { .standard(json: json, environment: Self.environment) }

    var queries: Queries { Queries(socket: socketPath, console: console) }

    /// What decides about colours and browsers.
    static var environment: [String: String] {
        let names = ["NO_COLOR", "TERM", "BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "PATH"]
        let pairs = names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}
