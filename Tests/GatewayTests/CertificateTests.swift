import Foundation
import Gateway
import HTTPClient
import Testing

/// One certificate and key of its own in a directory that the test removes; made by `openssl`.
private struct CertificateFolder: ~Copyable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ztna-tls-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    var certificate: String { path + "/server.pem" }
    var key: String { path + "/server.key" }

    /// Puts a new pair in place, and a copy of the certificate under `name` for whoever is to trust it.
    func renew(_ name: String) throws -> String {
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            certificate, "-days", "1", "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)
        let copy = path + "/\(name).pem"
        try FileManager.default.copyItem(atPath: certificate, toPath: copy)
        return copy
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

@Suite struct `The TLS certificate` {
    private func status(_ port: Int, trusting file: String) async throws -> Int {
        let client = try HTTPClient(policy: HTTPClientPolicy(addresses: .any, caFile: file))
        defer { client.shutdown() }
        return try await client.send(HTTPRequest(url: "https://127.0.0.1:\(port)/healthz")).status
    }

    @Test func `is read again on request, and a bad one leaves the old in place`() async throws {
        let folder = try CertificateFolder()
        let first = try folder.renew("first")
        let certificates = try TLSCertificates(certificatePath: folder.certificate, keyPath: folder.key)
        let harness = try await GatewayHarness()
        let (ports, running) = AsyncStream<Int>.makeStream()
        let server = try GatewayServer(
            gateway: harness.gateway, host: "127.0.0.1", port: 0, certificates: certificates,
            logger: harness.log.logger(), onRunning: { running.yield($0) })
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        #expect(try await status(port, trusting: first) == 200)

        let second = try folder.renew("second")
        #expect(try await status(port, trusting: first) == 200)
        try certificates.reload()
        #expect(try await status(port, trusting: second) == 200)
        await #expect(throws: HTTPError.self) { try await status(port, trusting: first) }

        try Data("not a certificate".utf8).write(to: URL(fileURLWithPath: folder.certificate))
        #expect(throws: TLSCertificates.Failure.self) { try certificates.reload() }
        #expect(try await status(port, trusting: second) == 200)
    }
}
