internal import ArgumentParser
internal import CommandLineClient
internal import Glibc
internal import StrictJSON
internal import Wire

/// What an administrator asks and does from their own device, in their own name.
struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Administer the network; for those whom `admins` in ztna.yaml names.",
        subcommands: [
            WhoCanReach.self, WhatCan.self, Matrix.self, WhatIf.self, Grant.self, Grants.self, Tag.self, Rename.self,
            Audit.self,
            Sessions.self, Nodes.self, People.self,
        ])

    struct WhoCanReach: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "who-can-reach", abstract: "List everybody who can reach a host, through which group and rule."
        )
        @Argument(help: "The host's name; with a port (db-1:5432) only that service.") var place: Place
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            var members: [String: JSON] = ["host": .string(place.argument.host)]
            if let service = place.argument.service { members["service"] = .string(service) }
            try finish(await agent.serverQuestions.administer("who-can-reach", members, lines: ReachText.who))
        }
    }

    struct WhatCan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "what-can", abstract: "List what a person or a group can reach: what-can USER|GROUP reach.")
        @Argument(help: "An e-mail address or user:ADDRESS; else a group, or group:NAME.") var who: String
        @Argument(help: "The word `reach`, for reading.") var reach: String?
        @OptionGroup var agent: AgentOptions

        func validate() throws {
            guard reach ?? "reach" == "reach" else { throw ValidationError("say: ztna admin what-can \(who) reach") }
        }

        func run() async throws {
            try finish(
                await agent.serverQuestions.administer(
                    "what-can", PrincipalArgument.members(who), lines: ReachText.what))
        }
    }

    struct Matrix: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show which group reaches which destination on what.")
        @Flag(help: "Print comma-separated values (RFC 4180).") var csv = false
        @OptionGroup var agent: AgentOptions

        func run() async throws {
            let asCSV = csv
            try finish(
                await agent.serverQuestions.administer("matrix") { answer, _, style in
                    asCSV ? MatrixText.commaSeparated(answer) : MatrixText.lines(answer, style: style)
                })
        }
    }

    struct WhatIf: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "what-if", abstract: "Show what would be gained and lost, before it is done.")
        @Option(help: "Whose access; with --policy everybody's, if left out.") var user: String?
        @Option(help: ArgumentHelp("As if they left this group.", valueName: "group")) var withoutGroup: String?
        @Option(help: ArgumentHelp("As if they joined this group.", valueName: "group")) var withGroup: String?
        @Option(help: ArgumentHelp("As if this policy were in force.", valueName: "file"), completion: .file())
        var policy: String?
        @OptionGroup var agent: AgentOptions

        func validate() throws {
            guard withoutGroup != nil || withGroup != nil || policy != nil else {
                throw ValidationError("give --without-group, --with-group or --policy")
            }
            guard user != nil || (withGroup == nil && withoutGroup == nil) else {
                throw ValidationError("--with-group and --without-group need --user")
            }
        }

        func run() async throws {
            var members: [String: JSON] = [:]
            if let user { members["user"] = .string(user) }
            if let withoutGroup { members["without_group"] = .string(withoutGroup) }
            if let withGroup { members["with_group"] = .string(withGroup) }
            if let policy { members["policy"] = .string(try PolicyArgument.text(policy)) }
            try finish(await agent.serverQuestions.administer("what-if", members, lines: ReachText.change))
        }
    }
}

extension AgentOptions {
    var serverQuestions: ServerQuestions { ServerQuestions(socket: socketPath, console: console) }
}

/// A person or a group as `what-can` and `grant` take them.
enum PrincipalArgument {
    static func members(_ text: String) -> [String: JSON] {
        if text.hasPrefix("group:") { return ["group": .string(String(text.dropFirst(6)))] }
        if text.hasPrefix("user:") { return ["user": .string(String(text.dropFirst(5)))] }
        return [text.contains("@") ? "user" : "group": .string(text)]
    }
}

/// A policy file that the person names.
enum PolicyArgument {
    /// Refused: what no server takes as a policy.
    static func text(_ path: String) throws -> String {
        let maximumBytes = AdministrativeRequest.maximumPolicyBytes
        guard let file = fopen(path, "re") else {
            throw ValidationError("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count <= maximumBytes else {
            throw ValidationError(
                """
                \(path) is larger than 4 MiB, and no policy may be: write groups and tags instead of people and devices, \
                and one rule with lists instead of many
                """)
        }
        guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
            throw ValidationError("\(path) is not UTF-8")
        }
        return text
    }
}
