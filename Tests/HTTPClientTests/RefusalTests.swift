import NetworkAddresses
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(10))) struct `A client` {
    @Test(arguments: [
        ("", HTTPError.invalidURL), ("/relative", .invalidURL), ("idp.example", .invalidURL),
        ("https://", .invalidURL), ("https://user@idp.example/", .invalidURL),
        ("https://user:secret@idp.example/", .invalidURL), ("https://idp.example/a b", .invalidURL),
        ("https://idp.example/\u{0}", .invalidURL), ("https://idp.example/\r\nX: y", .invalidURL),
        ("https://ïdp.example/", .invalidURL), ("https://idp.example:99999/", .invalidURL),
        ("https://idp.example/" + String(repeating: "a", count: 20_000), .invalidURL),
        ("http://idp.example/", .schemeNotPermitted), ("http://127.0.0.1/", .schemeNotPermitted),
        ("file:///etc/passwd", .schemeNotPermitted), ("ftp://idp.example/", .schemeNotPermitted),
        ("gopher://127.0.0.1/", .schemeNotPermitted),
    ])
    func `refuses a URL`(_ url: String, _ error: HTTPError) async throws {
        let client = try HTTPClient(policy: HTTPClientPolicy(addresses: .any))
        await #expect(throws: error) { try await client.send(HTTPRequest(url: url)) }
        await #expect(throws: error) {
            for try await _ in client.stream(HTTPRequest(url: url), idleTimeout: .seconds(1)) {}
        }
    }

    @Test(arguments: [
        "http://idp.example/", "http://10.0.0.1/", "http://128.0.0.1/", "http://[::2]/", "http://127.a.example/",
    ])
    func `refuses plain http beyond loopback even where loopback may use it`(_ url: String) async throws {
        let policy = HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true)
        await #expect(throws: HTTPError.schemeNotPermitted) {
            try await HTTPClient(policy: policy).send(HTTPRequest(url: url))
        }
    }

    @Test(arguments: [("", "v"), ("a b", "v"), ("a:", "v"), ("a", "x\r\ny: z"), ("a", "x\u{0}"), ("a", "é")])
    func `refuses a header field that would not be one`(_ name: String, _ value: String) async throws {
        var headers = HTTPHeaders()
        headers.append(name, value)
        let request = HTTPRequest(url: "https://idp.example/", headers: headers)
        let expected = HTTPError.protocolError("the request's header field \(name.debugDescription) is not valid")
        await #expect(throws: expected) { try await HTTPClient().send(request) }
    }

    @Test(arguments: ["127.0.0.1", "[::1]", "localhost", "2130706433", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]"])
    func `for public addresses connects to nothing private, by whatever name`(_ host: String) async throws {
        let server = try LoopbackServer { _ in }
        let client = try HTTPClient(policy: HTTPClientPolicy(allowPlainHTTPOnLoopback: true))
        let error = await #expect(throws: HTTPError.self) {
            try await client.send(HTTPRequest(url: "https://\(host):\(server.port)/"))
        }
        guard case .addressNotPermitted? = error else {
            Issue.record("\(host): \(String(describing: error))")
            return
        }
        #expect(server.connections == 0)
    }

    @Test func `connects to a private address that is permitted`() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        let addresses = HTTPClientPolicy.Addresses.publicOnly { $0 == "127.0.0.1" }
        let client = try HTTPClient(policy: HTTPClientPolicy(addresses: addresses, allowPlainHTTPOnLoopback: true))
        #expect(try await client.send(HTTPRequest(url: server.url)).status == 200)
        await #expect(throws: HTTPError.addressNotPermitted("127.0.0.2")) {
            try await client.send(HTTPRequest(url: "http://127.0.0.2:\(server.port)/"))
        }
    }

    @Test func `says that nothing answers, that a name means nothing`() async throws {
        let client = try HTTPClient(policy: HTTPClientPolicy(addresses: .any))
        await #expect(throws: HTTPError.connectFailed) {
            try await client.send(HTTPRequest(url: "https://127.0.0.1:1/"))
        }
        await #expect(throws: HTTPError.nameNotResolved) {
            try await client.send(HTTPRequest(url: "https://nowhere.invalid/"))
        }
    }

    @Test(arguments: [HTTPError.invalidURL, .tlsFailed("why"), .addressNotPermitted("10.0.0.1"), .timedOut])
    func `explains every error in words`(_ error: HTTPError) {
        #expect(error.explanation.count > 20)
    }
}

@Suite struct `The public Internet` {
    @Test(arguments: ["1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
    func `has this address`(_ text: String) throws {
        #expect(PublicAddresses().contains(try #require(IPAddress(text))))
    }

    @Test(arguments: [
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1", "192.168.1.1", "198.18.0.1",
        "224.0.0.1", "239.255.255.250", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
        "::ffff:1.1.1.1", "::1.1.1.1", "64:ff9b::1.1.1.1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1",
    ])
    func `does not have this address`(_ text: String) throws {
        #expect(!PublicAddresses().contains(try #require(IPAddress(text))))
    }
}
