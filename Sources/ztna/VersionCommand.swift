internal import ArgumentParser
internal import CommandLineClient

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the version of this command and of the agent.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.version()) }
}
