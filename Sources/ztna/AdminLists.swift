internal import ArgumentParser
internal import CommandLineClient
internal import StrictJSON

extension AdminCommand {
    struct Sessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Who is signed in; end a session at once.", subcommands: [List.self, End.self],
            defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List the open sessions.")
            @OptionGroup var agent: AgentOptions

            func run() async throws {
                try finish(
                    await agent.listing(
                        "sessions-list", none: "Nobody is signed in.",
                        [
                            .init("PERSON", "person"), .init("HOST", "host"), .init("PROVIDER", "provider"),
                            .init("CONNECTED", "connected", .flag), .init("SINCE", "created_at", .moment),
                            .init("UNTIL", "expires_at", .moment), .init("SESSION", "session"),
                        ]))
            }
        }

        struct End: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "End a session: its device loses every connection at once.")
            @Argument(help: "The session's id.") var session: String
            @OptionGroup var agent: AgentOptions

            func run() async throws {
                let members: [String: JSON] = ["session": .string(session)]
                try finish(await agent.serverQuestions.administer("sessions-end", members) { _, _, _ in ["Ended."] })
            }
        }
    }

    struct Nodes: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the nodes and their tags.")
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            try finish(
                await agent.listing(
                    "nodes-list", none: "There are no nodes.",
                    [
                        .init("HOST", "host"), .init("PERSON", "person"), .init("GROUPS", "groups"),
                        .init("TAGS", "tags"), .init("ADDRESSES", "addresses"), .init("CONNECTED", "connected", .flag),
                        .init("LAST SEEN", "last_seen", .moment),
                    ]))
        }
    }

    struct People: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the people, their groups and where each group comes from.")
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            try finish(
                await agent.listing(
                    "people-list", none: "Nobody has signed in yet.",
                    [
                        .init("PERSON", "email"), .init("NAME", "name"), .init("PROVIDER", "provider"),
                        .init("ACTIVE", "active", .flag), .init("GROUPS", "groups"), .init("SESSIONS", "open_sessions"),
                    ]))
        }
    }
}

extension AgentOptions {
    func listing(_ command: String, none: String, _ columns: [AnswerTable.Column]) async -> CommandOutcome {
        await serverQuestions.administer(command) { answer, time, style in
            AnswerTable(columns).lines(answer.arrayValue ?? [], none: none, time: time, style: style)
        }
    }
}
