internal import ArgumentParser
internal import CivilTime
internal import CommandLineClient
internal import StrictJSON

extension AdminCommand {
    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give one person access for a time; it ends by itself.",
            discussion: "ztna admin grant alice@example.com tag:prod-db tcp/5432 --for 2h --reason \"incident 4711\"")
        @Argument(help: "The person's e-mail address.") var user: String
        @Argument(help: "tag:NAME, device:NAME, group:NAME or user:ADDRESS.") var destination: String
        @Argument(help: "Services, such as tcp/22.") var services: [String]
        @Option(name: .customLong("for"), help: ArgumentHelp("How long: 30m, 2h, 1d.", valueName: "time"))
        var duration: String
        @Option(help: "Why; written down in the audit log.") var reason: String?
        @OptionGroup var agent: AgentOptions

        func validate() throws {
            guard DurationText.seconds(duration) != nil else {
                throw ValidationError("--for: a time such as 30m, 2h or 1d")
            }
            guard !services.isEmpty else { throw ValidationError("name at least one service, such as tcp/22") }
        }

        func run() async throws {
            var members: [String: JSON] = [
                "user": .string(user.hasPrefix("user:") ? String(user.dropFirst(5)) : user),
                "destination": .string(destination),
                "services": .array(services.map { .string($0) }),
                "seconds": .integer(DurationText.seconds(duration) ?? 0),
            ]
            if let reason { members["reason"] = .string(reason) }
            try finish(
                await agent.serverQuestions.administer("grants-add", members) { answer, time, style in
                    GrantsText.given(answer, time: time, style: style)
                })
        }
    }

    struct Grants: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The access that was given for a time.", subcommands: [List.self, Revoke.self],
            defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List it.")
            @OptionGroup var agent: AgentOptions

            func run() async throws {
                try finish(await agent.serverQuestions.administer("grants-list", lines: GrantsText.list))
            }
        }

        struct Revoke: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "End it now.")
            @Argument(help: "The grant's id, as `grants list` shows it.") var grant: String
            @OptionGroup var agent: AgentOptions

            func run() async throws {
                let id = grant
                try finish(
                    await agent.serverQuestions.administer("grants-revoke", ["grant": .string(id)]) { _, _, _ in
                        ["Ended: \(SafeText.line(id))."]
                    })
            }
        }
    }

    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a node exactly these tags; none removes all.",
            discussion: """
                Administrators give any tag. Others give and take those that `tag_owners` in the policy lets them, of their \
                own devices and of those that have such a tag already; the node's other tags stay.
                """)
        @Argument(help: "The node's host name or id.") var node: String
        @Argument(help: "Tags.") var tags: [String] = []
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            let members: [String: JSON] = ["node": .string(node), "tags": .array(tags.map { .string($0) })]
            try finish(
                await agent.serverQuestions.administer("nodes-tag", members) { answer, _, _ in
                    let row = answer.objectValue ?? [:]
                    return [
                        "\(AnswerTable.text(row["host"] ?? row["node"] ?? "-")): \(AnswerTable.text(row["tags"] ?? "-"))"
                    ]
                })
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a node this name, also one that the policy speaks of.",
            discussion:
                "No device gets a name by itself that a rule names: whoever had it would get what is meant for another."
        )
        @Argument(help: "The node's host name or id.") var node: String
        @Argument(help: "The name.") var name: String
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            let members: [String: JSON] = ["node": .string(node), "name": .string(name)]
            try finish(
                await agent.serverQuestions.administer("nodes-rename", members) { answer, _, _ in
                    let row = answer.objectValue ?? [:]
                    return ["\(AnswerTable.text(row["was"] ?? "-")) is called \(AnswerTable.text(row["host"] ?? "-"))."]
                })
        }
    }

    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who did what, and what was tried and refused; with --json one record a line.")
        @Flag(help: "Go on with what comes.") var follow = false
        @Option(help: "Of this person.") var user: String?
        @Option(help: "Of this device, by name or address.") var host: String?
        @Option(
            name: [.long, .customLong("verdict")],
            help: "allow or deny, of connections; success, refused or failure, of what people did.")
        var outcome: String?
        @Option(help: "admin, sign-in or connection.") var stream: String?
        @Option(help: "Of this rule.") var rule: String?
        @Option(help: ArgumentHelp("Since so long ago: 2h, 7d; or seconds since the epoch.", valueName: "time"))
        var since: String?
        @Option(help: "How many of the newest.") var limit = 100
        @OptionGroup var agent: AgentOptions

        func validate() throws {
            for (name, value, allowed) in [
                ("--outcome", outcome, ["allow", "deny", "success", "refused", "failure"]),
                ("--stream", stream, ["admin", "sign-in", "connection"]),
            ] {
                guard value.map(allowed.contains) ?? true else {
                    throw ValidationError("\(name): \(allowed.joined(separator: ", "))")
                }
            }
            guard since.map({ TimeArgument.since($0, now: 0) != nil }) ?? true else {
                throw ValidationError("--since: a time such as 2h or 7d")
            }
            guard (1...500).contains(limit) else { throw ValidationError("--limit: 1 to 500") }
        }

        func run() async throws {
            var filters: [String: JSON] = [:]
            for (name, value) in [
                ("user", user), ("host", host), ("outcome", outcome), ("stream", stream), ("rule", rule),
            ] {
                if let value { filters[name] = .string(value) }
            }
            let now = agent.console.time().now
            if let moment = since.flatMap({ TimeArgument.since($0, now: now) }) { filters["since"] = .integer(moment) }
            let following = AuditFollowing(agent.serverQuestions, filters: filters, follows: follow, limit: limit)
            try finish(await following.run(interruptions: Interruptions.stream()))
        }
    }
}
