import Glibc
import HTTPClient
import Testing

private let loopback = HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true)

/// Reads a request, tells so, and answers only when told to, or never.
private final class HoldingServer: Sendable {
    let server: LoopbackServer
    let started = Signal<Void>()
    let closed = Signal<Void>()

    init(first: String = "") throws {
        let (started, closed) = (started, closed)
        server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write(first)
            started.tell(())
            connection.waitForClose()
            closed.tell(())
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A client's life` {
    @Test func `a cancelled request ends its connection`() async throws {
        let holding = try HoldingServer()
        let client = try HTTPClient(policy: loopback)
        let task = Task { try await client.send(HTTPRequest(url: holding.server.url)) }
        await holding.started.next()
        task.cancel()
        await #expect(throws: HTTPError.cancelled) { try await task.value }
        await holding.closed.next()
    }

    @Test func `a request beyond the bound is refused at once`() async throws {
        let holding = try HoldingServer()
        let client = try HTTPClient(policy: loopback, maximumInFlight: 1, maximumWaiting: 1)
        let url = holding.server.url
        await withTaskGroup(of: HTTPError?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do throws(HTTPError) {
                        _ = try await client.send(HTTPRequest(url: url))
                        return nil
                    } catch { return error }
                }
            }
            #expect(await group.next() == .some(.tooManyRequests))
            group.cancelAll()
            for await error in group { #expect(error == .cancelled) }
        }
    }

    @Test func `a waiting request has the same deadline`() async throws {
        let holding = try HoldingServer()
        let client = try HTTPClient(policy: loopback, maximumInFlight: 1)
        let url = holding.server.url
        let first = Task { try await client.send(HTTPRequest(url: url)) }
        await holding.started.next()
        await #expect(throws: HTTPError.timedOut) {
            try await client.send(HTTPRequest(url: url, timeout: .milliseconds(100)))
        }
        first.cancel()
        _ = await first.result
        #expect(holding.server.connections == 1)
    }

    @Test func `a shutdown ends what runs and refuses what comes`() async throws {
        let holding = try HoldingServer()
        let client = try HTTPClient(policy: loopback)
        let task = Task { try await client.send(HTTPRequest(url: holding.server.url)) }
        await holding.started.next()
        client.shutdown()
        await #expect(throws: HTTPError.shutDown) { try await task.value }
        await #expect(throws: HTTPError.shutDown) { try await client.send(HTTPRequest(url: holding.server.url)) }
        await holding.closed.next()
    }

    @Test func `a dropped client closes its kept connections`() async throws {
        let holding = try HoldingServer(first: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        _ = try await HTTPClient(policy: loopback).send(HTTPRequest(url: holding.server.url))
        await holding.closed.next()
    }

    @Test func `two hundred requests at once all get their own answer`() async throws {
        let server = try LoopbackServer { connection in
            while let path = connection.readRequest().split(separator: " ").dropFirst().first {
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
        }
        let client = try HTTPClient(policy: loopback)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let response = try await client.send(HTTPRequest(url: server.url + "\(number)"))
                    return response.body == Array("/\(number)".utf8)
                }
            }
            for try await isOwn in group { #expect(isOwn) }
        }
        #expect(server.connections <= 32)
    }

    @Test func `the environment's proxy is used only where the policy says so`() async throws {
        await #expect(processExitsWith: .success) {
            let seen = Signal<String>()
            let proxy = try LoopbackServer { connection in
                seen.tell(connection.readRequest())
                connection.write("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            }
            setenv("https_proxy", proxy.url, 1)
            setenv("http_proxy", proxy.url, 1)
            let request = HTTPRequest(url: "https://nowhere.invalid/")
            await #expect(throws: HTTPError.nameNotResolved) {
                try await HTTPClient(policy: HTTPClientPolicy(addresses: .any)).send(request)
            }
            let policy = HTTPClientPolicy(addresses: .any, useEnvironmentProxy: true)
            await #expect(throws: HTTPError.self) { try await HTTPClient(policy: policy).send(request) }
            #expect(await seen.next()?.hasPrefix("CONNECT nowhere.invalid:443 ") == true)
            #expect(proxy.connections == 1)
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A stream` {
    private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `gives the head, then each chunk as it comes, then the end`() async throws {
        let goOn = Gate()
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write(Self.head + "2\r\na\n\r\n")
            goOn.wait()
            connection.write("2\r\nb\n\r\n0\r\n\r\n")
        }
        var parts: [HTTPStream.Element] = []
        let client = try HTTPClient(policy: loopback)
        for try await part in client.stream(HTTPRequest(url: server.url), idleTimeout: .seconds(30)) {
            parts.append(part)
            if parts.count == 2 { goOn.open() }
        }
        guard case .head(let head)? = parts.first else {
            Issue.record("no head")
            return
        }
        #expect(head.status == 200)
        #expect(parts.dropFirst() == [.body(Array("a\n".utf8)), .body(Array("b\n".utf8))])
    }

    @Test(arguments: ["", Self.head + "2\r\na\n\r\n"])
    func `ends when nothing comes any more`(_ first: String) async throws {
        let holding = try HoldingServer(first: first)
        let client = try HTTPClient(policy: loopback)
        await #expect(throws: HTTPError.timedOut) {
            let stream = client.stream(HTTPRequest(url: holding.server.url), idleTimeout: .milliseconds(100))
            for try await _ in stream {}
        }
        await holding.closed.next()
    }

    @Test func `ends in an error when it is cut off`() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write(Self.head + "2\r\na\n\r\n")
        }
        let client = try HTTPClient(policy: loopback)
        await #expect(throws: HTTPError.self) {
            for try await _ in client.stream(HTTPRequest(url: server.url), idleTimeout: .seconds(30)) {}
        }
    }

    @Test func `ends with its task`() async throws {
        let holding = try HoldingServer(first: Self.head + "2\r\na\n\r\n")
        let client = try HTTPClient(policy: loopback)
        let task = Task {
            for try await _ in client.stream(HTTPRequest(url: holding.server.url), idleTimeout: .seconds(30)) {}
        }
        await holding.started.next()
        task.cancel()
        await #expect(throws: HTTPError.cancelled) { try await task.value }
        await holding.closed.next()
    }

    @Test func `ends with its iterator`() async throws {
        let holding = try HoldingServer(first: Self.head + "2\r\na\n\r\n")
        let client = try HTTPClient(policy: loopback)
        for try await part in client.stream(HTTPRequest(url: holding.server.url), idleTimeout: .seconds(30)) {
            if case .body = part { break }
        }
        await holding.closed.next()
    }

    @Test func `holds a fast server back until it is read`() async throws {
        let total = 64 << 20
        let heldBackAt = Signal<Int>()
        let server = try LoopbackServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let bytes = [UInt8](repeating: 7, count: total)
            let written = connection.writeUntilHeldBack(bytes)
            heldBackAt.tell(written)
            connection.write(Array(bytes.dropFirst(written)))
        }
        let client = try HTTPClient(policy: loopback)
        var received = 0
        for try await part in client.stream(HTTPRequest(url: server.url), idleTimeout: .seconds(30)) {
            switch part {
            case .head: #expect(try #require(await heldBackAt.next()) < total / 2)
            case .body(let bytes): received += bytes.count
            }
        }
        #expect(received == total)
    }
}

/// A thread waits until a task opens it.
private final class Gate: Sendable {
    private let ends: (read: Int32, write: Int32)

    init() {
        var pair: [Int32] = [0, 0]
        _ = pipe(&pair)
        ends = (pair[0], pair[1])
    }

    func wait() {
        var byte: UInt8 = 0
        _ = read(ends.read, &byte, 1)
    }

    func open() { _ = write(ends.write, [0], 1) }

    deinit {
        close(ends.read)
        close(ends.write)
    }
}
