import Foundation
import StrictJSON
import Testing

@testable import LocalSocket

@Suite(.timeLimit(.minutes(10))) struct `A socket's path` {
    private let folder = TemporaryFolder()

    @Test func `is made with its folder and mode, and removed at the end`() throws {
        let server = try LocalSocketServer(path: folder.socket, mode: 0o620, allow: { _ in true }) { _, _, _ in }
        #expect(try mode(folder.socket) == 0o620)
        #expect(try mode(folder.path + "/run") == 0o755)
        #expect(try mode(folder.socket + ".lock") == 0o600)
        server.stop()
        server.stop()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/run").isEmpty)
    }

    @Test func `is given up when the server is dropped`() throws {
        _ = try LocalSocketServer.echo(folder)
        #expect(throws: LocalSocketError.notRunning) { try LocalSocketClient.connect(path: folder.socket) }
    }

    @Test func `is taken over from a server that died`() async throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/run", withIntermediateDirectories: true)
        let dead = try UnixSocket.open()
        try UnixSocket.bind(dead, to: folder.socket)
        close(dead)
        _ = FileManager.default.createFile(atPath: folder.socket + ".lock", contents: nil)
        #expect(throws: LocalSocketError.notRunning) { try LocalSocketClient.connect(path: folder.socket) }
        let server = try LocalSocketServer.echo(folder)
        let client = try LocalSocketClient.connect(path: folder.socket)
        try await client.send(1)
        #expect(try await client.next() == 1)
        server.stop()
    }

    @Test func `is not taken from a server without a lock that answers`() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/run", withIntermediateDirectories: true)
        let other = try UnixSocket.open()
        try UnixSocket.bind(other, to: folder.socket)
        listen(other, 1)
        #expect(throws: LocalSocketError.alreadyRunning) { try LocalSocketServer.echo(folder) }
        close(other)
    }

    @Test func `is left alone where it is no socket`() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/run", withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: folder.socket, contents: Data("precious".utf8))
        let message = "\(folder.socket) exists and is not a socket"
        #expect(throws: LocalSocketError.system(message)) { try LocalSocketServer.echo(folder) }
        #expect(FileManager.default.contents(atPath: folder.socket) == Data("precious".utf8))
        #expect(throws: LocalSocketError.notRunning) { try LocalSocketClient.connect(path: folder.socket) }
    }

    @Test func `can be too long`() {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let message = "\(path): longer than the 107 bytes of a socket's path"
        #expect(throws: LocalSocketError.system(message)) {
            try LocalSocketServer(path: path, allow: { _ in true }) { _, _, _ in }
        }
        #expect(throws: LocalSocketError.notRunning) { try LocalSocketClient.connect(path: path) }
        #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
    }

    @Test func `belongs to one of many servers that start at once`() async throws {
        let folder = folder
        let winners = await withTaskGroup(of: LocalSocketServer?.self) { group in
            for _ in 0..<16 { group.addTask { try? LocalSocketServer.echo(folder) } }
            return await group.reduce(into: [LocalSocketServer]()) { if let server = $1 { $0.append(server) } }
        }
        #expect(winners.count == 1)
        for server in winners { server.stop() }
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
