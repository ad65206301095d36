import StrictJSON
import Testing

@Suite struct `JSON for a terminal` {
    @Test(arguments: [
        ("plain ü 漢字 e\u{301} 👍", "plain ü 漢字 e\u{301} 👍"), ("\u{1B}[2J\u{7F}", "\\u001b[2J\\u007f"),
        ("\u{80}\u{9B}31m\u{9F}", "\\u0080\\u009b31m\\u009f"),
        ("\u{202A}\u{202E}txt.exe\u{2066}\u{2069}", "\\u202a\\u202etxt.exe\\u2066\\u2069"),
        ("a\u{200B}\u{200F}\u{FEFF}\u{2028}", "a\\u200b\\u200f\\ufeff\\u2028"),
        ("\u{E0041}\u{E000}", "\\udb40\\udc41\\ue000"),
    ])
    func `shows what would command it, as a value and as a name, and means the same`(
        _ received: String, _ shown: String
    ) throws {
        let value: JSON = [received: [.string(received)]]
        #expect(value.visibleText() == "{\"\(shown)\":[\"\(shown)\"]}")
        #expect(try JSON(parsing: value.visibleText().utf8) == value)
    }
}
