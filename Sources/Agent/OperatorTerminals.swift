internal import Glibc

/// Writes a line to the terminals of the people who may use this agent, as wall(1) does: to those that take messages
/// (mesg(1)), and to nobody else's. Source: tty(4), mesg(1).
package struct OperatorTerminals: Sendable {
    /// Where the terminals are: pseudo-terminals have numbers for names.
    private let directory: String
    private let operators: Set<UInt32>

    package init(of operators: Set<UInt32>, in directory: String = "/dev/pts") {
        self.directory = directory
        self.operators = operators
    }

    static let maximumTerminals = 64

    /// How many were written to. Never waits: a terminal that takes nothing now is left out.
    @discardableResult
    package func write(_ lines: [String]) -> Int { write(lines, to: names()) }

    /// To some of them only.
    package func write(_ lines: [String], to names: [String]) -> Int {
        let text = "\r\n" + lines.map { Self.printable($0) + "\r\n" }.joined()
        return names.prefix(Self.maximumTerminals).count { write(text, to: directory + "/" + $0) }
    }

    private func names() -> [String] {
        guard let listing = opendir(directory) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing), names.count < 4096 {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.isEmpty, name.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                names.append(name)
            }
        }
        return names.sorted()
    }

    private func write(_ text: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var status = stat()
        // What was opened is looked at, not its name: a terminal, an operator's, that takes messages.
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFCHR, isatty(descriptor) == 1,
            operators.contains(status.st_uid), status.st_mode & S_IWGRP != 0
        else { return false }
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count
    }

    /// Host names come from the server: nothing in them moves a cursor.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(400).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                        "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}
