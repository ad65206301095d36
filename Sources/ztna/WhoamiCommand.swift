internal import ArgumentParser
internal import CommandLineClient

struct WhoamiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Show who is signed in on this device, and how.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.whoami()) }
}
