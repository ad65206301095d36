internal import AccessPolicy
import ArgumentParser
import Glibc
import ServerConfiguration
import StrictJSON

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Check, compare and apply the policy; its history.",
        discussion: "check, test and schema need no server. The others ask the running one.",
        subcommands: [
            Check.self, Test.self, Schema.self, Diff.self, Apply.self, History.self, Rollback.self, Reload.self,
        ])

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say everything that is wrong with a policy file.")
        @Argument(help: "The policy file.") var file: String

        func run() throws {
            let document = try PolicyCommand.load(file)
            for warning in document.warnings { StandardError.write(warning.description + "\n") }
            let policy = document.policy
            print(PolicyCommand.praise(policy))
        }
    }

    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run the tests of a policy file, and say what each found.")
        @Argument(help: "The policy file.") var file: String

        func run() throws {
            let policy = try PolicyCommand.load(file).policy
            for test in policy.tests {
                let sides = [test.from, test.to].map { $0.map(\.text).joined(separator: " ") }
                let given = test.given.words
                print(
                    "\(test.expect.rawValue == "deny" ? "deny " : "allow")  \(sides[0]) -> \(sides[1])  \(test.on.text)"
                        + (given.isEmpty ? "" : "  (\(given))"))
            }
            print(counted(policy.tests.count, "test") + (policy.tests.count == 1 ? " holds" : " hold"))
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of policy files, for editors.",
            discussion: "In a policy file: # yaml-language-server: $schema=policy.schema.json")

        func run() { print(PolicySchema.text, terminator: "") }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say who would gain or lose what, were this file in force.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The policy file.") var file: String

        func run() async throws {
            let answer = try await control.ask(try PolicyCommand.request("policy-diff", file: file))
            if control.json { print(answer.visibleText()) } else { PolicyCommand.show(answer) }
        }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the difference, ask, and put this file in the place of the policy file.")
        @OptionGroup var control: ControlOptions
        @Flag(help: "Do not ask.") var yes = false
        @Option(help: "Why, for the history.") var note: String?
        @Argument(help: "The policy file.") var file: String

        func run() async throws {
            let answer = try await control.ask(try PolicyCommand.request("policy-diff", file: file))
            let request = try PolicyCommand.request("policy-apply", file: file)
            try await PolicyCommand.confirm(answer, request, control, yes: yes, note: note)
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the policies that were in force, the newest first.")
        @OptionGroup var control: ControlOptions
        @Option(help: "So many.") var limit = 50

        func run() async throws {
            let rows = try await control.ask(["command": "policy-history", "limit": .integer(limit)])
            guard !control.json else {
                print(rows.visibleText())
                return
            }
            let shown = (rows.arrayValue ?? []).map { row -> JSON in
                var members = row.objectValue ?? [:]
                members["at"] = members["at"]?.integerValue.map { .string(ConditionFailure.utc($0)) }
                return .object(members)
            }
            control.show(.array(shown), columns: ["revision", "at", "by", "note"])
        }
    }

    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the difference, ask, and put back a policy that was in force.")
        @OptionGroup var control: ControlOptions
        @Flag(help: "Do not ask.") var yes = false
        @Option(help: "Why, for the history.") var note: String?
        @Argument(help: "The revision, or how it begins: at least four digits.") var revision: String

        func run() async throws {
            let answer = try await control.ask(["command": "policy-diff", "revision": .string(revision)])
            let request: [String: JSON] = ["command": "policy-rollback", "revision": .string(revision)]
            try await PolicyCommand.confirm(answer, .object(request), control, yes: yes, note: note)
        }
    }

    struct Reload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put the policy file into force now.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let result = try await control.ask(["command": "policy-reload"])
            print(
                control.json ? result.visibleText() : "In force: \(result.objectValue?["revision"]?.stringValue ?? "")")
        }
    }

    static func praise(_ policy: Policy) -> String {
        "policy: good, \(counted(policy.rules.count, "rule")), \(counted(policy.tests.count, "test")), "
            + "revision \(policy.revision)"
    }

    private static func load(_ file: String) throws -> PolicyDocument {
        switch PolicyFile.load(path: file, files: .ofSystem(), now: Int(time(nil))) {
        case .success(let document): return document
        case .failure(let invalid):
            StandardError.write(invalid.description + "\n")
            throw ExitCode.failure
        }
    }

    /// What is wrong with the file is said here, with its place, and not by the server.
    private static func request(_ command: String, file: String) throws -> JSON {
        let document = try load(file)
        return [
            "command": .string(command), "name": .string(file),
            "policy": .string(String(decoding: document.bytes, as: UTF8.self)),
        ]
    }

    private static func show(_ answer: JSON) {
        let members = answer.objectValue ?? [:]
        for warning in members["warnings"]?.arrayValue ?? [] { StandardError.write((warning.stringValue ?? "") + "\n") }
        let lines = members["lines"]?.arrayValue ?? []
        for line in lines { print(ControlOptions.text(line)) }
        if let more = members["more"]?.integerValue, more > 0 { print("and \(more) more changes") }
        let pairs = members["pairs"]?.integerValue ?? 0
        let change = counted(pairs, "pair") + " of source and destination " + (pairs == 1 ? "changes." : "change.")
        print(lines.isEmpty ? "Nobody gains or loses anything." : change)
    }

    private static func confirm(
        _ difference: JSON, _ request: JSON, _ control: ControlOptions, yes: Bool, note: String?
    ) async throws {
        if !control.json { show(difference) }
        if !yes {
            guard isatty(STDIN_FILENO) == 1 else { throw fail("nobody is there to ask: give --yes") }
            StandardError.write("Put it in force? [y/N] ")
            guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else { throw fail("nothing was changed") }
        }
        var members = request.objectValue ?? [:]
        members["instead"] = difference.objectValue?["instead"]
        if let note { members["note"] = .string(note) }
        let result = try await control.ask(.object(members))
        print(control.json ? result.visibleText() : "In force: \(result.objectValue?["revision"]?.stringValue ?? "")")
    }
}
