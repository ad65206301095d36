import ArgumentParser
import CivilTime
import ServerConfiguration
import StrictJSON

/// `ztna-server scim`: what an administrator gives to a provisioning client, and what comes of it.
struct SCIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim",
        abstract: "Provisioning: addresses and tokens of connections, what they changed, what is held.",
        subcommands: [URL.self, Token.self, Status.self, Log.self, Confirm.self], defaultSubcommand: Status.self)

    struct URL: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the address that the provisioning client is given.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var connection: String

        func run() async throws {
            let result = try await control.ask(["command": "scim-url", "connection": .string(connection)])
            print(control.json ? result.visibleText() : result.objectValue?["url"]?.stringValue ?? "")
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The bearer tokens of provisioning clients: shown once, kept as hashes.",
            subcommands: [Create.self, List.self, Rotate.self, Revoke.self], defaultSubcommand: List.self)
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How large each directory is, when its client was last heard of, what is held, what drifts apart."
        )
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id; without it, all.") var connection: String?

        func run() async throws {
            let rows = try await control.ask([
                "command": "scim-status-list", "connection": connection.map { .string($0) } ?? .null,
            ])
            if control.json { return print(rows.visibleText()) }
            for row in rows.arrayValue ?? [] { print(SCIMStatusText.text(of: row)) }
        }
    }

    struct Log: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a connection changed, by which request, and what was refused and why.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var connection: String
        @Flag(help: "Go on with what comes in.") var follow = false
        @Option(help: "How many of the last lines.") var lines = 50

        func run() async throws {
            var request: [String: JSON] = [
                "command": "scim-log-list", "connection": .string(connection), "limit": .integer(lines),
            ]
            var last = 0
            while true {
                let rows = try await control.ask(.object(request)).arrayValue ?? []
                for row in rows { print(control.json ? row.visibleText() : SCIMStatusText.line(of: row)) }
                last = rows.last?.objectValue?["sequence"]?.integerValue ?? last
                guard follow else { return }
                request["after"] = .integer(last)
                request["limit"] = 1000
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    struct Confirm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let removals pass that were held back: all of that connection for an hour.",
            discussion: "The provisioning client sends them again by itself; some need its administrator's click.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The id that the log and `scim status` show.") var hold: String

        func run() async throws {
            let result = try await control.ask(["command": "scim-confirm", "hold": .string(hold)])
            print(control.json ? result.visibleText() : "Confirmed for an hour.")
        }
    }
}

extension SCIMCommand.Token {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a token and show it, this once.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var connection: String
        @Option(help: "What you call it.") var name = "token"
        @Option(
            help: ArgumentHelp("When it ends, such as 365d; without it, when it is revoked.", valueName: "duration"))
        var lifetime: String?
        @Flag(help: "Make a client id and secret instead, for clients that get access tokens by OAuth.")
        var oauthClient = false

        func run() async throws {
            var request: [String: JSON] = [
                "command": "scim-token-create", "connection": .string(connection), "name": .string(name),
            ]
            if oauthClient { request["oauth_client"] = true }
            if let lifetime { request["lifetime"] = .integer(try seconds(lifetime)) }
            control.showToken(try await control.ask(.object(request)))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens, without themselves.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id; without it, all.") var connection: String?

        func run() async throws {
            let rows = try await control.ask([
                "command": "scim-token-list", "connection": connection.map { .string($0) } ?? .null,
            ])
            control.show(rows, columns: ["id", "connection", "name", "kind", "state", "last_used_at", "expires_at"])
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new token; the old one goes on for a while.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var connection: String
        @Option(help: "The old token's id, where the connection has several.") var token: String?
        @Option(help: ArgumentHelp("How long the old one goes on.", valueName: "duration")) var overlap = "24h"

        func run() async throws {
            var request: [String: JSON] = [
                "command": "scim-token-rotate", "connection": .string(connection),
                "overlap": .integer(try seconds(overlap)),
            ]
            if let token { request["token"] = .string(token) }
            control.showToken(try await control.ask(.object(request)))
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a token now.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var connection: String
        @Argument(help: "The token's id.") var token: String

        func run() async throws {
            let result = try await control.ask([
                "command": "scim-token-revoke", "connection": .string(connection), "token": .string(token),
            ])
            print(control.json ? result.visibleText() : "Revoked.")
        }
    }
}

extension ControlOptions {
    /// The token alone on standard output, so that it can be piped; what to know about it beside.
    fileprivate func showToken(_ result: JSON) {
        if json { return print(result.visibleText()) }
        let members = result.objectValue ?? [:]
        if let secret = members["client_secret"]?.stringValue {
            print("client_id      \(members["client_id"]?.stringValue ?? "")\nclient_secret  \(secret)")
            print("token_endpoint \(members["token_endpoint"]?.stringValue ?? "")")
            return StandardError.write("This is the only time that the secret is shown.\n")
        }
        print(members["token"]?.stringValue ?? "")
        StandardError.write("This is the only time that the token is shown.\n")
    }
}

private func seconds(_ text: String) throws -> Int {
    guard let duration = DurationText.parse(text) else {
        throw fail("\(text) is no duration: write 30d, 24h, 15m or 90s")
    }
    return Int(duration.components.seconds)
}

/// `ztna-server directory`: who is known, from where, and in which groups.
struct DirectoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory", abstract: "People with the source of each fact: SCIM, sign-in, or here.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the people of each directory.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id; without it, all.") var connection: String?
        @Option(help: "At most so many.") var limit = 500

        func run() async throws {
            let rows = try await control.ask([
                "command": "directory-list", "connection": connection.map { .string($0) } ?? .null,
                "limit": .integer(limit),
            ])
            control.show(rows, columns: ["name", "connection", "active", "groups", "sources", "last_sign_in_at"])
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Everything known of one person, fact by fact.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "A user name, an e-mail address, or an id.") var name: String

        func run() async throws {
            let rows = try await control.ask(["command": "directory-show-list", "name": .string(name)])
            if control.json { return print(rows.visibleText()) }
            for row in rows.arrayValue ?? [] { print(SCIMStatusText.person(row)) }
        }
    }
}
