internal import ArgumentParser
internal import CommandLineClient

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Switch the network off, until `ztna up`; the session goes on.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.down()) }
}
