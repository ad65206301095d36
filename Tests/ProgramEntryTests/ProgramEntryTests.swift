import ArgumentParser
import Testing

@testable import ProgramEntry

private struct Sample: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", version: "sample 1", subcommands: [Sessions.self, Policy.self, Hidden.self])

    struct Sessions: ParsableCommand {
        static let configuration = CommandConfiguration(subcommands: [List.self, Renew.self])
        struct List: ParsableCommand {}
        struct Renew: ParsableCommand {}
    }

    struct Policy: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "policy", aliases: ["rules"])
        @Argument var file = ""
        @Option var limit = 1
        func validate() throws { if file == "bad" { throw ValidationError("bad is no file") } }
    }

    struct Hidden: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "powers", shouldDisplay: false)
    }
}

@Suite struct `A program's command line` {
    private func refusal(of arguments: [String]) -> String? {
        do { _ = try Sample.parseAsRoot(arguments) } catch { return Sample.wrongCommandLine(error, arguments) }
        return nil
    }

    @Test(
        arguments: [
            (["sesions"], "sessions"), (["sessions", "lst", "--all"], nil), (["sessions", "lits"], "list"),
            (["polciy", "a"], "policy"), (["nonsense"], nil), (["--sessions"], nil), (["policy", "a", "se"], nil),
            (["rules", "bad"], nil), (["policy", "--limit", "many"], nil), (["pow"], "policy"),
        ] as [([String], String?)])
    func `that is wrong is told so, with the command that may have been meant`(_ arguments: [String], _ meant: String?)
        throws
    {
        let words = try #require(refusal(of: arguments))
        #expect(words.hasPrefix("Error: ") && words.hasSuffix("\n"))
        #expect(words.contains("Did you mean") == (meant != nil), "\(words)")
        if let meant { #expect(words.hasSuffix("\nDid you mean: \(meant)?\n"), "\(words)") }
    }

    @Test(arguments: [["--help"], ["--version"], ["sessions", "--help"], ["policy", "a"]])
    func `that is right is no wrong one`(_ arguments: [String]) { #expect(refusal(of: arguments) == nil) }

    @Test(
        arguments: [
            ("logni", ["login", "logout", "status"], ["login", "logout"]), ("xyz", ["status"], []),
            ("--status", ["status"], []), ("status", ["status", "stats"], []), ("s", ["status"], []),
        ] as [(String, [String], [String])])
    func `is compared by how words begin`(_ word: String, _ names: [String], _ near: [String]) {
        #expect(CommandNames.near(word, among: names) == near)
    }
}
