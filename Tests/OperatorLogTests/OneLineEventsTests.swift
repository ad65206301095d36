import OperatorLog
import Testing

@Suite struct `An event in the log` {
    @Test(arguments: [
        ("info ztna-server: signed in\n", "info ztna-server: signed in\n"),
        ("host=a\ninfo ztna-server: sign-in confirmed\n", "host=a\\ninfo ztna-server: sign-in confirmed\n"),
        ("host=a\r\u{2028}b", "host=a\\r\\u{2028}b\n"),
        ("\u{1B}[2Jgone", "\\u{1B}[2Jgone\n"),
        ("\u{9B}2J\u{0}\u{7F}", "\\u{9B}2J\\u{0}\\u{7F}\n"),
        ("a\u{202E}b\u{200B}c", "a\\u{202E}b\\u{200B}c\n"),
        ("zoë's laptop 🙂\n", "zoë's laptop 🙂\n"),
        ("", "\n"), ("\n\n", "\\n\n"),
    ])
    func `is one line of visible text`(_ event: String, _ line: String) { #expect(OneLineEvents.line(event) == line) }
}
