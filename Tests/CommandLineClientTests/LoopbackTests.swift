import CommandLineClient
import Testing

@Suite struct `The loopback listener` {
    private static let code = "abcdefghijklmnopqrstuvwxyz012345"

    private func read(_ head: String) -> String? {
        LoopbackRequest.code(inHead: Array((head.replacing("\n", with: "\r\n") + "\r\n\r\n").utf8), port: 4242)
    }

    @Test(arguments: [
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242", "GET /?code=CODE HTTP/1.1\nhost:localhost:4242",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nSec-Fetch-Dest: document\nSec-Fetch-Mode: navigate",
    ])
    func `takes a code that a browser brings`(_ head: String) {
        #expect(read(head.replacing("CODE", with: Self.code)) == Self.code)
    }

    @Test(arguments: [
        "", "GET", "POST /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242", "GET /?code=CODE HTTP/2\nHost: 127.0.0.1:4242",
        "GET /?code=CODE HTTP/1.1", "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1",
        "GET /?code=CODE HTTP/1.1\nHost: ztna.test:4242",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nHost: 127.0.0.1:4242", "GET / HTTP/1.1\nHost: 127.0.0.1:4242",
        "GET /x?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242", "GET /?code=short HTTP/1.1\nHost: 127.0.0.1:4242",
        "GET /?code=CODE&x=1 HTTP/1.1\nHost: 127.0.0.1:4242", "GET /?code=CODE%0d HTTP/1.1\nHost: 127.0.0.1:4242",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nSec-Fetch-Dest: image",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nSec-Fetch-Mode: no-cors",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nContent-Length: 5",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nTransfer-Encoding: chunked",
        "GET /?code=CODE HTTP/1.1\nHost: 127.0.0.1:4242\nno colon",
    ])
    func `takes nothing else`(_ head: String) { #expect(read(head.replacing("CODE", with: Self.code)) == nil) }

    @Test func `takes no long request and no bytes that are not text`() {
        let head = "GET /?code=\(Self.code) HTTP/1.1\nHost: 127.0.0.1:4242"
        #expect(read(head + "\nX: " + String(repeating: "x", count: 8192)) == nil)
        #expect(LoopbackRequest.code(inHead: Array(head.utf8) + [0xFF], port: 4242) == nil)
    }

    @Test func `answers many connections, long ones and late ones`() async throws {
        let listener = try LoopbackListener()
        let (codes, heard) = AsyncStream.makeStream(of: String.self)
        listener.serve(redirectingTo: "https://z/done", lifetime: .seconds(30)) { heard.yield($0) }
        let long = RawClient.exchange("GET /" + String(repeating: "x", count: 9000), port: listener.port)
        #expect(long.isEmpty || long.hasPrefix("HTTP/1.1 404"))
        for _ in 0..<20 { #expect(RawClient.exchange("GET / HTTP/1.1\r\n\r\n", port: listener.port).contains("404")) }
        let request = "GET /?code=\(Self.code) HTTP/1.1\r\nHost: localhost:\(listener.port)\r\n\r\n"
        #expect(RawClient.exchange(request, port: listener.port).contains("Location: https://z/done\r\n"))
        for await code in codes {
            #expect(code == Self.code)
            break
        }
        listener.close()
    }
}

@Suite struct `A browser` {
    private func choose(_ environment: [String: String], isRoot: Bool = false, has: Set<String> = ["xdg-open"])
        -> [String]?
    {
        Browser.choose(environment: environment, isRoot: isRoot) { has.contains($0) ? "/bin/" + $0 : nil }?.words
    }

    @Test func `is the one that the person named, else the desktop's`() {
        #expect(choose(["DISPLAY": ":0"]) == ["/bin/xdg-open"])
        #expect(choose(["WAYLAND_DISPLAY": "wayland-0"]) == ["/bin/xdg-open"])
        #expect(choose(["BROWSER": "gone:firefox --new-tab"], has: ["firefox"]) == ["/bin/firefox", "--new-tab"])
        #expect(choose(["BROWSER": "w3m"], isRoot: true, has: ["w3m"]) == ["/bin/w3m"])
    }

    @Test func `is not opened without a screen, a program, or as root`() {
        #expect(choose([:]) == nil)
        #expect(choose(["DISPLAY": ""]) == nil)
        #expect(choose(["DISPLAY": ":0"], has: []) == nil)
        #expect(choose(["DISPLAY": ":0"], isRoot: true) == nil)
        #expect(choose(["BROWSER": "gone"]) == nil)
    }

    @Test func `gets the address as one argument`() {
        #expect(Browser(words: ["/bin/b"]).commandLine(for: "https://z/?a&b") == ["/bin/b", "https://z/?a&b"])
        #expect(Browser(words: ["/bin/b", "--url=%s", "-x"]).commandLine(for: "u") == ["/bin/b", "--url=u", "-x"])
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["/bin/false", "/nonexistent"])
    func `that fails is reported`(_ path: String) async {
        await withCheckedContinuation { done in Browser(words: [path]).open("https://z") { done.resume() } }
    }
}

@Suite struct `A QR code` {
    @Test func `has its finder patterns and a quiet zone`() throws {
        let code = try #require(QRCode("https://ztna.example.com/device?user_code=BCDF-GHJK"))
        #expect((code.side - 17) % 4 == 0)
        for (row, column) in [(0, 0), (0, code.side - 7), (code.side - 7, 0)] {
            #expect((0..<7).allSatisfy { code.isDark(row: row, column: column + $0) })
            #expect(!code.isDark(row: row + 1, column: column + 1))
        }
        #expect(!code.isDark(row: -1, column: 0))
        let lines = code.lines(style: TextStyle())
        #expect(lines.count == (code.side + 9) / 2)
        #expect(lines.allSatisfy { $0.count == code.side + 8 && $0.hasPrefix("████") && $0.hasSuffix("████") })
        #expect(lines[0] == String(repeating: "█", count: code.side + 8))
        #expect(code.lines(style: TextStyle(colours: true))[0].contains("\u{1B}[38;5;16;48;5;231m    "))
    }

    @Test(arguments: ["", "a\u{0}b", String(repeating: "x", count: 513)])
    func `is not made of`(_ text: String) { #expect(QRCode(text) == nil) }
}
