import Testing
import WebAddresses

@Suite struct `A form` {
    @Test func `leaves only unreserved characters bare`() {
        #expect(FormEncoding.encode([("a b", "ä&=~*-._"), ("c", "")]) == "a%20b=%C3%A4%26%3D~%2A-._&c=")
    }

    @Test func `reads back what it wrote, and plus as a space`() throws {
        let items = try #require(FormEncoding.decode("a+b=%C3%A4%26%3D&c="))
        #expect(items.map(\.name) == ["a b", "c"])
        #expect(items.map(\.value) == ["ä&=", ""])
    }

    @Test func `reads escapes in either case, and 64 items with empty ones between`() throws {
        #expect(FormEncoding.decode("a=%4a%4A%2f%2F%00")?.first?.value == "JJ//\0")
        #expect(FormEncoding.decode("&" + String(repeating: "a&&", count: 63) + "a=b")?.count == 64)
    }

    @Test(arguments: [
        "a=%", "a=%4", "a=%zz", "a=%+1", "a=%-1", "a=% 1", "a=%1\u{FF11}", "a=%ff", String(repeating: "a&", count: 65),
    ])
    func `is refused when broken or too long`(_ text: String) { #expect(FormEncoding.decode(text) == nil) }

    @Test func `is refused beyond its limit`() { #expect(FormEncoding.decode("abcd=efgh", limit: 8) == nil) }
}
