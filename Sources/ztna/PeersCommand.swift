internal import ArgumentParser
internal import CommandLineClient

struct PeersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "List the devices that the policy lets this one talk with.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.peers()) }
}
