import Foundation
import HTTPClient
import Testing

extension `The programs together` {
    /// A real signal to a real process, over real TLS.
    @Suite struct `A running server` {
        @Test func `shows its new TLS certificate after SIGHUP, and keeps it when the next is wrong`() async throws {
            let folder = try TestFolder()
            try await Self.makeCertificate("first", in: folder)
            try await Self.makeCertificate("second", in: folder)
            try Self.install("first", in: folder)
            let port = try freePort()
            try folder.write("secret.txt", "secret")
            try folder.write("policy.yaml", Site.policy)
            let text = Site.configuration(
                url: "https://127.0.0.1:\(port)", port: port, issuer: "http://127.0.0.1:\(try freePort())"
            ).replacing("server: {", with: "server: { tls: { certificate: tls.crt, key: tls.key },")
            try folder.write("ztna.yaml", text)
            let server = try await Site.serve(in: folder)
            defer { server.kill() }
            #expect(try await Self.trusts("first", port, in: folder))
            #expect(try await !Self.trusts("second", port, in: folder))

            try Self.install("second", in: folder)
            server.hangUp()
            _ = try await server.line("the certificate to be read", /TLS certificate read again/, from: \.errors)
            #expect(try await Self.trusts("second", port, in: folder))
            #expect(try await !Self.trusts("first", port, in: folder))

            try folder.write("tls.key", "no key")
            server.hangUp()
            _ = try await server.line("the key to be refused", /the old TLS certificate stays in use/, from: \.errors)
            #expect(try await Self.trusts("second", port, in: folder))
            #expect(server.isRunning)
        }

        private static func makeCertificate(_ name: String, in folder: TestFolder) async throws {
            let words = [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.path(name + ".key"), "-out",
                folder.path(name + ".crt"),
            ]
            let end = try await RunningProgram("/usr/bin/openssl", words, in: folder.url).finish()
            try #require(end.status == 0, "\(end.everything)")
        }

        private static func install(_ name: String, in folder: TestFolder) throws {
            for kind in [".crt", ".key"] {
                try folder.write("tls" + kind, try String(contentsOfFile: folder.path(name + kind), encoding: .utf8))
            }
        }

        /// Whether a new connection, which trusts nothing but this certificate, is answered.
        private static func trusts(_ name: String, _ port: Int, in folder: TestFolder) async throws -> Bool {
            let client = try HTTPClient(
                policy: HTTPClientPolicy(addresses: .any, caFile: folder.path(name + ".crt")))
            defer { client.shutdown() }
            do {
                let answer = try await client.send(
                    HTTPRequest(method: .get, url: "https://127.0.0.1:\(port)/", timeout: .seconds(20)))
                return answer.status > 0
            } catch HTTPError.tlsFailed { return false }
        }
    }
}
