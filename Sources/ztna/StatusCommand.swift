internal import ArgumentParser
internal import CommandLineClient

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show whether this device is signed in, connected and protected.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.status()) }
}
