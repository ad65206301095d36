import HTTPClient
import Testing

private let loopback = HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true)

private enum Excess: CaseIterable {
    case declaredBody, undeclaredBody, headerFields, headerLine, interimAnswers

    var wire: String {
        switch self {
        case .declaredBody: "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
        case .undeclaredBody: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 2000)
        case .headerFields: "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: y\r\n", count: 20_000)
        case .headerLine: "HTTP/1.1 200 OK\r\nX-A: " + String(repeating: "y", count: 300_000)
        case .interimAnswers: String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 20_000)
        }
    }

    var error: HTTPError { self == .declaredBody || self == .undeclaredBody ? .responseTooLarge : .headersTooLarge }
}

private func answering(_ text: String) throws -> LoopbackServer {
    try LoopbackServer { connection in
        _ = connection.readRequest()
        connection.write(text)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A request` {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n", 200,
            "hello"
        ),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", 404, "no"),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", 200, "<html>"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz", 200, "xyz"),
    ])
    func `gets what the server sent`(_ wire: String, _ status: Int, _ body: String) async throws {
        let server = try answering(wire)
        let response = try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url))
        #expect(response.status == status)
        #expect(String(decoding: response.body, as: UTF8.self) == body)
        #expect(response.headers["link"] == nil)
    }

    @Test func `keeps repeated header fields, whatever their case`() async throws {
        let server = try answering("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nX-B: p\r\n q\r\nContent-Length: 0\r\n\r\n")
        let response = try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url))
        #expect(response.headers.values("X-a") == ["1", "2"])
        #expect(response.headers["x-b"] == "p q")
        #expect(response.headers["x-c"] == nil)
    }

    @Test func `does not follow a redirect`() async throws {
        let server = try answering("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        let response = try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url))
        #expect(response.status == 302)
        #expect(response.headers["Location"] == "/elsewhere")
        #expect(server.connections == 1)
    }

    @Test func `says only what it was told to say`() async throws {
        let seen = Signal<String>()
        let server = try LoopbackServer { connection in
            seen.tell(connection.readRequest())
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b\r\n\r\n")
        }
        let request = HTTPRequest(
            method: .post, url: server.url + "token?x=1#fragment", headers: ["X-Empty": "", "DPoP": "p"],
            body: Array("a+b=%C3%A4%26%3D%7E*-._&c=".utf8))
        _ = try await HTTPClient(policy: loopback).send(request)
        let expected = """
            POST /token?x=1 HTTP/1.1\r
            Host: 127.0.0.1:\(server.port)\r
            User-Agent: ztna\r
            Accept: */*\r
            X-Empty:\r
            DPoP: p\r
            Content-Length: 26\r
            \r
            a+b=%C3%A4%26%3D%7E*-._&c=
            """
        #expect(await seen.next() == expected)
    }

    @Test(arguments: [HTTPMethod.get, .head, .put, .patch, .delete])
    func `uses its method`(_ method: HTTPMethod) async throws {
        let seen = Signal<String>()
        let server = try LoopbackServer { connection in
            seen.tell(connection.readRequest())
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        _ = try await HTTPClient(policy: loopback).send(HTTPRequest(method: method, url: server.url))
        #expect(await seen.next()?.hasPrefix(method.rawValue + " / HTTP/1.1") == true)
    }

    @Test func `uses a kept connection again, unless it must not be repeated`() async throws {
        let server = try LoopbackServer { connection in
            while connection.readRequest() != "" { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
        }
        let client = try HTTPClient(policy: loopback)
        for _ in 0..<3 { _ = try await client.send(HTTPRequest(url: server.url)) }
        #expect(server.connections == 1)
        _ = try await client.send(HTTPRequest(method: .post, url: server.url))
        #expect(server.connections == 2)
        _ = try await client.send(HTTPRequest(method: .post, url: server.url, isRepeatable: true))
        #expect(server.connections == 2)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A request's answer` {
    @Test(arguments: Excess.allCases)
    fileprivate func `is refused beyond its size`(_ excess: Excess) async throws {
        let server = try answering(excess.wire)
        await #expect(throws: excess.error) {
            try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url, maximumResponseBytes: 1000))
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", "hello\r\n\r\n"])
    func `is an error when cut short or no HTTP`(_ wire: String) async throws {
        let server = try answering(wire)
        await expectProtocolError { try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url)) }
    }

    @Test func `is an error when the connection is reset`() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel")
            connection.reset()
        }
        await expectProtocolError { try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url)) }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"])
    func `must be complete within the timeout`(_ wire: String) async throws {
        let closed = Signal<Void>()
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write(wire)
            connection.waitForClose()
            closed.tell(())
        }
        await #expect(throws: HTTPError.timedOut) {
            try await HTTPClient(policy: loopback).send(HTTPRequest(url: server.url, timeout: .milliseconds(100)))
        }
        await closed.next()
    }
}

private func expectProtocolError(_ body: () async throws -> HTTPResponse) async {
    let error = await #expect(throws: HTTPError.self) { try await body() }
    guard case .protocolError? = error else {
        Issue.record("\(String(describing: error)) instead of a protocol error")
        return
    }
}
