internal import ArgumentParser
internal import CommandLineClient

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Switch the network on, after `ztna down`.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.up()) }
}
