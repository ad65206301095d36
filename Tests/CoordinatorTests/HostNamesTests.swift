import Coordinator
import Identity
import Testing

@Suite struct `Host names` {
    private func device(_ letter: Character) throws -> DeviceID {
        try #require(DeviceID(String(repeating: letter, count: 43)))
    }

    @Test(arguments: [
        ("Alice’s MacBook.local", "alice---s-macbook"), ("WEB", "web"), ("日本", "device-xxxxxxxx"),
        ("", "device-xxxxxxxx"), ("-.-", "device-xxxxxxxx"),
    ])
    func `come from the nearest label`(_ wish: String, _ name: String) throws {
        var names = HostNames()
        #expect(try names.choose(wish: wish, for: device("X"), current: nil).name.text == name)
    }

    @Test func `are numbered where another device has them, and freed`() throws {
        var names = HostNames()
        let chosen = try "abcd".map { try names.choose(wish: "web", for: device($0), current: nil).name.text }
        #expect(chosen == ["web", "web-2", "web-3", "web-4"])
        try names.release(#require(HostName("web-2")), of: device("b"))
        #expect(try names.choose(wish: "web", for: device("e"), current: nil).name.text == "web-2")
        #expect(try names.choose(wish: "web", for: device("f"), current: nil).name.text == "web-5")
    }

    @Test func `stay when the wish stays, and change with it`() throws {
        var names = HostNames()
        _ = try names.choose(wish: "web", for: device("a"), current: nil)
        let second = try names.choose(wish: "web", for: device("b"), current: nil).name
        try names.release(#require(HostName("web")), of: device("a"))
        #expect(try names.choose(wish: "Web.local", for: device("b"), current: (second, "web")).name == second)
        #expect(try names.choose(wish: "db", for: device("b"), current: (second, "web")).name.text == "db")
    }

    @Test func `fit 63 bytes with their number`() throws {
        var names = HostNames()
        let long = String(repeating: "x", count: 80)
        _ = try names.choose(wish: long, for: device("a"), current: nil)
        let second = try names.choose(wish: long, for: device("b"), current: nil).name
        #expect(second.text.utf8.count == 63 && second.text.hasSuffix("x-2"))
    }

    @Test(arguments: ["a\u{0}b", "web\n", "\u{1B}[31m", "a\u{85}"])
    func `with control characters are refused`(_ wish: String) throws {
        var names = HostNames()
        #expect(throws: CoordinatorError.hostNameRefused) {
            try names.choose(wish: wish, for: device("a"), current: nil)
        }
    }
}
