internal import ArgumentParser
internal import CommandLineClient

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "End the session: this device leaves the network.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.logout()) }
}
