internal import AccessPolicy
import ArgumentParser
import Glibc
import LocalSocket
import ServerConfiguration
import StrictJSON

/// Finds the running server and asks it one thing.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server's configuration file, which names the state directory.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "directory"))
    var state: String?
    @Flag(help: "Print JSON.") var json = false

    func ask(_ request: JSON) async throws -> JSON {
        let directory = try StateDirectory.named(state, in: config)
        let answer: JSON?
        do throws(LocalSocketError) {
            let client = try LocalSocketClient.connect(
                path: directory + "/control.sock", maximumRequestBytes: ControlSocket.maximumRequestBytes)
            defer { client.close() }
            try await client.send(request)
            answer = try await client.nextEvent(timeout: .seconds(30))
        } catch .notRunning {
            throw fail(
                """
                no server runs on the state directory \(directory): nothing answers at its control.sock. Start it with \
                `ztna-server serve --config FILE`, or name another with --config or --state
                """)
        } catch { throw fail("the server at \(directory)/control.sock: \(error.explanation)") }
        if let result = answer?.objectValue?["result"] { return result }
        throw fail(answer?.objectValue?["error"]?.stringValue ?? "the server ended the conversation; see its log")
    }

    /// Rows as aligned columns, moments in words; or as JSON.
    func show(_ rows: JSON, columns: [String]) {
        if json {
            print(rows.visibleText())
            return
        }
        let texts = (rows.arrayValue ?? []).map { row in
            columns.map { Self.cell($0, row.objectValue?[$0] ?? .null) }
        }
        let widths = columns.indices.map { index in
            ([columns[index]] + texts.map { $0[index] }).map(\.count).max() ?? 0
        }
        for cells in [columns.map { $0.uppercased() }] + texts {
            let padded = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            print(padded.joined(separator: "  "))
        }
    }

    private static func cell(_ column: String, _ value: JSON) -> String {
        guard column.hasSuffix("_at"), let moment = value.integerValue else { return text(value) }
        return ConditionFailure.utc(moment)
    }

    /// Names come from outside: nothing invisible in them reaches the terminal.
    static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text):
            String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isVisible)))
        case .array(let elements): elements.map(text).joined(separator: ",")
        case .object(let members): text(members["group"] ?? .null)
        case .bool(let value): value ? "yes" : "no"
        case .null: "-"
        case .integer, .number: value.encodedText()
        }
    }
}

struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "Who is signed in; end a session at once.",
        subcommands: [List.self, End.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the open sessions.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let rows = try await control.ask(["command": "sessions-list"])
            control.show(rows, columns: ["session", "person", "provider", "host", "connected", "expires_at"])
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a session: its device loses every connection at once.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The session's id.") var session: String

        func run() async throws {
            let result = try await control.ask(["command": "sessions-end", "session": .string(session)])
            print(control.json ? result.visibleText() : "Ended.")
        }
    }
}

struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "The devices of the network, and their tags.",
        subcommands: [List.self, Tag.self, Managed.self, Rename.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the nodes.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let rows = try await control.ask(["command": "nodes-list"])
            control.show(
                rows, columns: ["host", "person", "groups", "tags", "managed", "addresses", "connected", "node"])
        }
    }

    struct Tag: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Give a node exactly these tags; none removes all. Tags are dropped when another person takes the device over."
        )
        @OptionGroup var control: ControlOptions
        @Argument(help: "The node's host name or id.") var node: String
        @Argument(help: "Tags, without `tag:`.") var tags: [String] = []

        func run() async throws {
            let result = try await control.ask([
                "command": "nodes-tag", "node": .string(node), "tags": .array(tags.map { .string($0) }),
            ])
            print(
                control.json
                    ? result.visibleText() : "\(node): \(tags.isEmpty ? "no tags" : tags.joined(separator: ", "))")
        }
    }

    struct Managed: AsyncParsableCommand {
        enum Answer: String, ExpressibleByArgument, CaseIterable { case yes, no }

        static let configuration = CommandConfiguration(
            abstract:
                "Say whether a node is one of the organisation's managed devices, for `device: { managed: … }` in rules."
        )
        @OptionGroup var control: ControlOptions
        @Argument(help: "The node's host name or id.") var node: String
        @Argument(help: "yes or no.") var answer: Answer

        func run() async throws {
            let result = try await control.ask([
                "command": "nodes-managed", "node": .string(node), "managed": .bool(answer == .yes),
            ])
            print(control.json ? result.visibleText() : "\(node): \(answer == .yes ? "managed" : "not managed")")
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a node this name, also one that the policy speaks of and devices cannot take themselves.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The node's host name or id.") var node: String
        @Argument(help: "The name.") var name: String

        func run() async throws {
            let result = try await control.ask([
                "command": "nodes-rename", "node": .string(node), "name": .string(name),
            ])
            print(control.json ? result.visibleText() : "\(node) is called \(name).")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a node and end its session; its addresses stay unused for a year.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The node's host name or id.") var node: String

        func run() async throws {
            let result = try await control.ask(["command": "nodes-delete", "node": .string(node)])
            print(control.json ? result.visibleText() : "Deleted.")
        }
    }
}

struct PeopleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "people", abstract: "List the people, their groups and where each group comes from.")
    @OptionGroup var control: ControlOptions

    func run() async throws {
        let rows = try await control.ask(["command": "people-list"])
        control.show(rows, columns: ["email", "name", "provider", "active", "groups", "open_sessions"])
    }
}
