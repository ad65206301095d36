import Foundation
import Glibc
import StrictJSON
import Testing

@testable import LocalSocket

@Suite(.timeLimit(.minutes(10))) struct `A conversation` {
    private let folder = TemporaryFolder()

    @Test func `is a request, events, and an end`() async throws {
        let server = try LocalSocketServer.start(folder) { request, peer, responder in
            #expect(peer == PeerCredentials(uid: getuid(), gid: getgid(), pid: getpid()))
            for number in 0..<200 { try await responder.send(["request": request, "number": .integer(number)]) }
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("a\nb")
        for number in 0..<200 { #expect(try await client.next() == ["request": "a\nb", "number": .integer(number)]) }
        #expect(try await client.next() == nil)
        #expect(try await client.next() == nil)
        server.stop()
    }

    @Test func `carries events while the client waits for them`() async throws {
        let goOn = Signal<Void>()
        let server = try LocalSocketServer.start(folder) { _, _, responder in
            try await responder.send("first")
            await goOn.next()
            try await responder.send("second")
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("go")
        #expect(try await client.next() == "first")
        await #expect(throws: LocalSocketError.timedOut) { try await client.nextEvent(timeout: .milliseconds(20)) }
        goOn.tell(())
        #expect(try await client.next() == "second")
        #expect(try await client.next() == nil)
        server.stop()
    }

    @Test func `carries further lines of the client`() async throws {
        let server = try LocalSocketServer.start(folder) { _, _, responder in
            try await responder.send("which code?")
            let code = try await responder.nextLine(timeout: .seconds(20))
            try await responder.send(["code": code ?? nil])
            await #expect(throws: LocalSocketError.timedOut) {
                try await responder.nextLine(timeout: .milliseconds(20))
            }
            try await responder.send("enough")
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("login")
        #expect(try await client.next() == "which code?")
        try await client.send(42)
        #expect(try await client.next() == ["code": 42])
        #expect(try await client.next() == "enough")
        server.stop()
    }

    @Test func `carries a megabyte, and refuses more`() async throws {
        let server = try LocalSocketServer.start(folder) { _, _, responder in
            try await responder.send(.string(String(repeating: "x", count: (1 << 20) - 2)))
            await #expect(throws: LocalSocketError.tooLong) {
                try await responder.send(.string(String(repeating: "x", count: 1 << 20)))
            }
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        await #expect(throws: LocalSocketError.tooLong) {
            try await client.send(.string(String(repeating: "x", count: 65_536)))
        }
        try await client.send(.string(String(repeating: "x", count: 65_534)))
        #expect(try await client.next()?.stringValue?.utf8.count == (1 << 20) - 2)
        #expect(try await client.next() == nil)
        server.stop()
    }

    @Test func `cancels the handler when the client goes`() async throws {
        let (started, ended) = (Signal<Void>(), Signal<Bool>())
        let server = try LocalSocketServer.start(folder) { _, _, responder in
            started.tell(())
            _ = try? await responder.nextLine(timeout: .seconds(30))
            await Signal<Void>().next()
            ended.tell(Task.isCancelled)
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("login")
        await started.next()
        client.close()
        #expect(await ended.next() == true)
        server.stop()
    }

    @Test func `goes on when the client only ends its own side`() async throws {
        let server = try LocalSocketServer.start(folder) { request, _, responder in
            #expect(try await responder.nextLine(timeout: .seconds(20)) == nil)
            try await responder.send(request)
        }
        let raw = try RawClient(folder.socket)
        raw.write("[1]\n")
        shutdown(raw.descriptor, Int32(SHUT_WR))
        #expect(await raw.readAll() == "[1]\n")
        server.stop()
    }

    @Test func `ends with the server, and with the task`() async throws {
        let started = Signal<Void>()
        let ended = Signal<Bool>()
        let server = try LocalSocketServer.start(folder) { _, _, responder in
            started.tell(())
            _ = try? await responder.nextLine(timeout: .seconds(30))
            ended.tell(Task.isCancelled)
        }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("login")
        await started.next()
        let waiting = Task { try await client.next() }
        waiting.cancel()
        await #expect(throws: LocalSocketError.cancelled) { try await waiting.value }
        server.stop()
        #expect(await ended.next() == true)
        #expect(try await client.next() == nil)
        await #expect(throws: LocalSocketError.closed) { try await client.send("more") }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A local server refuses` {
    private let folder = TemporaryFolder()

    @Test func `a peer that is not permitted`() async throws {
        let server = try LocalSocketServer.echo(folder, allow: { $0.uid != getuid() })
        let raw = try RawClient(folder.socket)
        let line = try JSON(parsing: Array(await raw.readAll().utf8))
        #expect(line.objectValue?["error"] == "not-permitted")
        #expect(line.objectValue?["message"]?.stringValue?.isEmpty == false)
        let client = try LocalSocketClient.connect(path: folder.socket)
        await #expect(throws: LocalSocketError.notPermitted) {
            try await client.send("login")
            _ = try await client.next()
        }
        server.stop()
    }

    @Test func `more connections than it takes, until one ends`() async throws {
        let started = Signal<Void>()
        let server = try LocalSocketServer.start(folder, maximumConnections: 1) { _, _, responder in
            started.tell(())
            _ = try await responder.nextLine(timeout: .seconds(30))
        }
        let first = try LocalSocketClient.connect(path: folder.socket)
        try await first.send("one")
        await started.next()
        let second = try LocalSocketClient.connect(path: folder.socket)
        await #expect(throws: LocalSocketError.busy) { _ = try await second.next() }
        try await first.send("done")
        #expect(try await first.next() == nil)
        server.stop()
    }

    @Test(arguments: [
        ("{\"a\":1,\"a\":2}\n", "malformed"), ("hello\n", "malformed"), ("\n", "malformed"), ("\u{0}\n", "malformed"),
        (String(repeating: "[", count: 1000) + "\n", "malformed"), (String(repeating: "x", count: 65_537), "too-long"),
        ("{\"unfinished\":", "timed-out"), ("", "timed-out"),
    ])
    func `what is no request`(_ bytes: String, _ code: String) async throws {
        let server = try LocalSocketServer.start(folder, requestTimeout: .milliseconds(100)) { _, _, _ in
            Issue.record("the handler was called")
        }
        let raw = try RawClient(folder.socket)
        raw.write(bytes)
        let line = try JSON(parsing: Array(await raw.readAll().utf8))
        #expect(line.objectValue?["error"] == .string(code))
        server.stop()
    }

    @Test func `a second server on its path`() async throws {
        let server = try LocalSocketServer.echo(folder)
        #expect(throws: LocalSocketError.alreadyRunning) { try LocalSocketServer.echo(folder) }
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send("still here")
        #expect(try await client.next() == "still here")
        server.stop()
        _ = try LocalSocketServer.echo(folder)
    }
}

/// A client that says anything at all.
private final class RawClient {
    let descriptor: Int32

    init(_ path: String) throws {
        descriptor = try UnixSocket.connect(to: path)
        _ = fcntl(descriptor, F_SETFL, 0)
    }

    deinit { close(descriptor) }

    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Waits on a thread of its own, so that the server's tasks can run.
    func readAll() async -> String {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var all: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
                    all += buffer.prefix(count)
                }
                continuation.resume(returning: String(decoding: all, as: UTF8.self))
            }
        }
    }
}
