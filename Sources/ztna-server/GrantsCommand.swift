internal import AccessPolicy
import ArgumentParser
import CivilTime
import ServerConfiguration
import StrictJSON

struct GrantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grants", abstract: "Access that one person has for a time; it ends by itself.",
        subcommands: [List.self, Add.self, Revoke.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what is open.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let rows = try await control.ask(["command": "grants-list"])
            guard !control.json else {
                print(rows.visibleText())
                return
            }
            let shown = (rows.arrayValue ?? []).map { row -> JSON in
                var members = row.objectValue ?? [:]
                members["until"] = members["ends_at"]?.integerValue.map { .string(ConditionFailure.utc($0)) }
                return .object(members)
            }
            control.show(
                .array(shown), columns: ["grant", "user", "destination", "services", "until", "by", "reason"])
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let one person reach one destination for a time.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The person's address.") var user: String
        @Argument(help: "tag:NAME, device:NAME, group:NAME or user:ADDRESS.") var destination: String
        @Argument(help: "tcp/22, udp/53, icmp …") var services: [String]
        @Option(name: .customLong("for"), help: ArgumentHelp("30m, 2h, 7d; at most 30d.", valueName: "time"))
        var duration: String
        @Option(help: "Why.") var reason: String?

        func run() async throws {
            guard let seconds = DurationText.parse(duration)?.components.seconds else {
                throw fail("--for is a time such as 30m, 2h or 7d")
            }
            var members: [String: JSON] = [
                "command": "grants-add", "user": .string(user), "destination": .string(destination),
                "services": .array(services.map { .string($0) }), "seconds": .integer(Int(seconds)),
            ]
            if let reason { members["reason"] = .string(reason) }
            let result = try await control.ask(.object(members))
            let row = result.objectValue ?? [:]
            for warning in row["warnings"]?.arrayValue ?? [] {
                StandardError.write("ztna-server: \(ControlOptions.text(warning))\n")
            }
            let until = ConditionFailure.utc(row["ends_at"]?.integerValue ?? 0)
            print(
                control.json
                    ? result.visibleText()
                    : "\(ControlOptions.text(row["grant"] ?? .null)): in force until \(until)")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End one now.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "Its name, as `grants list` shows it.") var grant: String

        func run() async throws {
            let result = try await control.ask(["command": "grants-revoke", "grant": .string(grant)])
            print(control.json ? result.visibleText() : "Ended.")
        }
    }
}
