package import ArgumentParser
internal import Glibc

/// What all our programs tell the shell of a command line that is wrong; the parser's own code is 64.
private let exitCodeOfWrongCommandLine: Int32 = 2

extension AsyncParsableCommand {
    /// Each program's `main`: reads the command line, runs what it names, and ends with a code that tells how it went.
    package static func enter() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let words = wrongCommandLine(error, Array(CommandLine.arguments.dropFirst())) else {
                exit(withError: error)
            }
            writeError(words)
            Glibc.exit(exitCodeOfWrongCommandLine)
        }
    }

    /// What to print where the command line is wrong, with the command that may have been meant; nil for any other end.
    static func wrongCommandLine(_ error: any Error, _ arguments: [String]) -> String? {
        guard exitCode(for: error) == .validationFailure else { return nil }
        let meant = CommandNames.meant(by: arguments, under: Self.self)
        let suggestion = meant.isEmpty ? "" : "Did you mean: " + meant.joined(separator: " or ") + "?\n"
        return fullMessage(for: error) + "\n" + suggestion
    }

    private static func writeError(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
