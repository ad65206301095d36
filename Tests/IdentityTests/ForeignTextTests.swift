import Identity
import Testing

@Suite struct `Text from outside` {
    @Test(arguments: [
        ("plain", #""plain""#), ("a\"b", #""a\"b""#), ("a\nb\u{1B}[31m", #""a\nb\u{1B}[31m""#),
        ("a\u{202E}b\u{2028}c", #""a\u{202E}b\u{2028}c""#), ("", #""""#),
    ])
    func `is quoted on one line`(_ text: String, _ quotedText: String) { #expect(quoted(text) == quotedText) }

    @Test func `is cut where it is long`() {
        #expect(quoted(String(repeating: "a", count: 201)) == "\"" + String(repeating: "a", count: 200) + "…\"")
    }

    @Test func `is compared to the last byte`() {
        #expect(identical("K", "K") && !identical("K", "k") && !identical("K", "KK"))
        #expect("K" == "\u{212A}" && !identical("K", "\u{212A}"))
    }
}
