import Foundation
import Glibc
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A server that was just set up` {
        @Test func `has made what it keeps for its own user alone, whatever the umask`() async throws {
            let folder = try TestFolder()
            let port = try freePort()
            try folder.write("secret.txt", "secret")
            try folder.write("policy.yaml", Site.policy)
            try folder.write(
                "ztna.yaml",
                Site.configuration(
                    url: "http://127.0.0.1:\(port)", port: port, issuer: "http://127.0.0.1:\(try freePort())"))
            let server = try RunningProgram(
                "/bin/sh",
                [
                    "-c", "umask 0; exec \"$0\" \"$@\"", Place.program("ztna-server"), "serve", "--config",
                    folder.path("ztna.yaml"),
                ], in: folder.url)
            _ = try await server.line("the server to listen", /listening/, from: \.errors)
            #expect(try Self.mode(of: folder.path("state")) == 0o700)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("state"))
            for name in ["control.key", "gateway.key", "audit-pseudonyms.key", "control.sock", "ztna.db"] {
                #expect(files.contains(name), "\(files)")
            }
            for name in files { #expect(try Self.mode(of: folder.path("state/\(name)")) == 0o600, "\(name)") }
            server.terminate()
            #expect(try await server.finish().status == 0, "\(server.errors)")
        }

        @Test func `takes a policy file that has changed by itself`() async throws {
            let site = try await Site()
            func revisions() async throws -> [JSON] { try await site.administer("policy", "history").arrayValue ?? [] }
            #expect(try await revisions().count == 1)
            try site.folder.write("policy.yaml", Site.policy.replacing("tcp/22", with: "tcp/443"))
            try await eventually("the policy to be in force: \(site.server.errors)") {
                try await revisions().count == 2 ? () : nil
            }
            #expect(try await revisions().first?.objectValue?["by"] == "file")
        }

        private static func mode(of path: String) throws -> UInt32 {
            var status = stat()
            try #require(lstat(path, &status) == 0, "\(path)")
            return status.st_mode & 0o777
        }
    }

    /// The way in for an administrator when nobody can sign in any more.
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")")) struct `The control socket` {
        @Test func `administers while no identity provider can be reached`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            try await device.signIn(at: site, user: "alice")
            site.provider.program.kill()
            try await site.killAndRestart()
            let sessions = try await site.administer("sessions", "list").arrayValue ?? []
            let session = try #require(sessions.first?.objectValue?["session"]?.stringValue)
            #expect(try await site.administer("people").arrayValue?.count == 1)
            _ = try await site.administer("sessions", "end", session)
            try await eventually("the device to be signed out") {
                try await device.ask("status").string("state") == "signed-out" ? () : nil
            }
            #expect(try await site.administer("sessions", "list") == [])
        }

        /// Asks for the sessions, without what root may; what came back.
        private func asked(by user: String, of site: Site) async throws -> String {
            let socket = site.folder.path("state/control.sock")
            let program = """
                import json, socket
                s = socket.socket(socket.AF_UNIX); s.settimeout(60)
                try:
                    s.connect("\(socket)")
                    # Whoever is refused may be so before they have asked.
                    try: s.sendall(b'{"command":"sessions-list"}\\n')
                    except BrokenPipeError: pass
                    print(s.makefile().readline() or "closed")
                except OSError as error: print(type(error).__name__)
                """
            let end = try await RunningProgram(
                "/usr/bin/setpriv",
                ["--reuid=\(user)", "--clear-groups", "--inh-caps=-all", "--", "/usr/bin/python3", "-c", program],
                in: URL(filePath: site.folder.url.path)
            ).finish()
            try #require(end.status == 0, "\(end.everything)")
            return end.output
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `answers nobody but root and the server's own user`() async throws {
            let site = try await Site()
            #expect(try await asked(by: "root", of: site).contains("result"))
            #expect(try await asked(by: "nobody", of: site) == "PermissionError\n")
            // Nor when somebody has opened folder and socket to all.
            for (name, mode) in [("", 0o711), ("state", 0o711), ("state/control.sock", 0o666)] {
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: site.folder.path(name))
            }
            #expect(try await asked(by: "root", of: site).contains("result"))
            let refused = try await asked(by: "nobody", of: site)
            #expect(refused.contains("not-permitted") && !refused.contains("result"), "\(refused)")
        }
    }
}
