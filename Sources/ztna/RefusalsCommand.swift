internal import ArgumentParser
internal import CommandLineClient

struct RefusalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refusals", abstract: "List the connections that were refused lately, and why.")

    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.queries.refusals()) }
}
