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

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%ff", String(repeating: "a&", count: 65)])
    func `is refused when broken or too long`(_ text: String) { #expect(FormEncoding.decode(text) == nil) }

    @Test func `is refused beyond its limit`() { #expect(FormEncoding.decode("abcd=efgh", limit: 8) == nil) }
}
