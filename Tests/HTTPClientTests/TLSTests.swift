import Foundation
import HTTPClient
import Testing

/// `openssl s_server` with a certificate of its own for 127.0.0.1: a TLS server that nobody here wrote.
private final class TLSServer {
    let folder: URL
    let port: Int
    private let process = Process()

    var certificate: String { folder.appending(path: "certificate.pem").path }

    init(options: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let key = folder.appending(path: "key.pem").path
        let certificate = folder.appending(path: "certificate.pem").path
        let maker = Process()
        maker.executableURL = URL(filePath: "/usr/bin/openssl")
        maker.arguments =
            ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
            + ["-subj", "/CN=fixture", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        maker.standardError = FileHandle.nullDevice
        try maker.run()
        maker.waitUntilExit()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-www", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate] + options
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It prints "ACCEPT 127.0.0.1:port" once it listens.
        var text = ""
        while !text.contains(/ACCEPT .*:\d+\n/) {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { break }
            text += String(decoding: more, as: UTF8.self)
        }
        port = Int(text.firstMatch(of: /ACCEPT .*:(\d+)\n/)?.1 ?? "") ?? 0
    }

    deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }
}

@Suite(.timeLimit(.minutes(10)), .serialized) struct `TLS` {
    @Test func `trusts the roots of the CA file, and no other unknown one`() async throws {
        let server = try TLSServer()
        let trusting = try HTTPClient(policy: HTTPClientPolicy(addresses: .any, caFile: server.certificate))
        #expect(try await trusting.send(HTTPRequest(url: "https://127.0.0.1:\(server.port)/")).status == 200)
        await expectTLSFailure("https://127.0.0.1:\(server.port)/", HTTPClientPolicy(addresses: .any))
        let name = "https://localhost:\(server.port)/"
        await expectTLSFailure(name, HTTPClientPolicy(addresses: .any, caFile: server.certificate))
    }

    @Test func `of version 1.1 is refused`() async throws {
        let server = try TLSServer(options: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"])
        let policy = HTTPClientPolicy(addresses: .any, caFile: server.certificate)
        await expectTLSFailure("https://127.0.0.1:\(server.port)/", policy)
    }

    @Test func `fails where the other side does not speak it`() async throws {
        let server = try LoopbackServer { connection in
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.waitForClose()
        }
        await expectTLSFailure("https://127.0.0.1:\(server.port)/", HTTPClientPolicy(addresses: .any))
    }

    @Test(arguments: ["/nonexistent/ca.pem", "/etc/hostname", "/"])
    func `needs a CA file with a certificate in it`(_ path: String) {
        let error = #expect(throws: HTTPError.self) { _ = try HTTPClient(policy: HTTPClientPolicy(caFile: path)) }
        guard case .tlsFailed? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func expectTLSFailure(_ url: String, _ policy: HTTPClientPolicy) async {
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPClient(policy: policy).send(HTTPRequest(url: url))
        }
        guard case .tlsFailed? = error else {
            Issue.record("\(String(describing: error)) instead of a TLS failure")
            return
        }
    }
}
