internal import ArgumentParser
internal import CommandLineClient

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Ask whether this device may reach a host, and why.",
        discussion: "Ends with 0 where it may, with \(CommandOutcome.notAllowed.rawValue) where it may not.")

    @Argument(help: "The host's name; with a port (db-1:5432, db-1:udp/53) only that service.")
    var place: Place
    @OptionGroup var agent: AgentOptions

    func run() async throws { try finish(await agent.serverQuestions.why(place.argument)) }
}

/// HOST[:PORT] on a command line.
struct Place: ExpressibleByArgument {
    let argument: PlaceArgument

    init?(argument: String) {
        guard let place = PlaceArgument(argument) else { return nil }
        self.argument = place
    }
}

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Say when something is refused for want of a recent second factor.")

    @OptionGroup var agent: AgentOptions

    func run() async throws {
        let watching = Watching(socket: agent.socketPath, console: agent.console)
        try finish(await watching.run(interruptions: Interruptions.stream()))
    }
}
