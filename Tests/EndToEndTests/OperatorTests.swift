import Cryptography
import Foundation
import Glibc
import HTTPClient
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite struct `What an operator is told` {
        private func server(_ words: String..., in folder: TestFolder) async throws -> RunningProgram.Finished {
            try await RunningProgram(
                Place.program("ztna-server"), words, environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            ).finish()
        }

        /// A good configuration for a provider where nobody listens.
        private func configured(_ folder: TestFolder, state: String = "state") async throws -> String {
            try folder.write("secret.txt", "secret")
            try folder.write("policy.yaml", Site.policy)
            let text = Site.configuration(
                url: "http://127.0.0.1:\(try freePort())", port: try freePort(),
                issuer: "http://127.0.0.1:\(try freePort())")
            return try folder.write("ztna.yaml", text.replacing("state: state", with: "state: \(state)"))
        }

        @Test func `without a configuration is what one needs`() async throws {
            let folder = try TestFolder()
            let end = try await server("serve", in: folder)
            #expect(end.status == 1)
            for word in [
                "server.url", "organisation", "identity_providers", "Docs/Configuration.md", "ztna-server check",
            ] {
                #expect(end.errors.contains(word), "\(end.everything)")
            }
        }

        @Test(arguments: ["ztna-server", "ztna-agent", "ztna", "ztna-demo"])
        func `by each program is its version, and 2 for a wrong command line`(_ name: String) async throws {
            let folder = try TestFolder()
            let version = try await RunningProgram(Place.program(name), ["--version"], in: folder.url).finish()
            #expect(version.status == 0 && version.output.hasPrefix("\(name) "), "\(version.everything)")
            for words in [["nonsense"], ["--nonsense"]] {
                let wrong = try await RunningProgram(Place.program(name), words, in: folder.url).finish()
                #expect(wrong.status == 2 && wrong.errors.contains("nonsense"), "\(wrong.everything)")
            }
        }

        @Test(
            arguments: [
                ("ztna-server", ["polciy"], "policy"), ("ztna-server", ["policy", "chekc"], "check"),
                ("ztna-agent", ["rnu"], nil), ("ztna-agent", ["clenup"], "cleanup"),
                ("ztna", ["admin", "nods"], "nodes"),
            ] as [(String, [String], String?)])
        func `about the name of no command is which one was meant`(_ name: String, _ words: [String], _ meant: String?)
            async throws
        {
            let folder = try TestFolder()
            let end = try await RunningProgram(Place.program(name), words, in: folder.url).finish()
            #expect(end.status == 2 && end.errors.contains("Did you mean") == (meant != nil), "\(end.everything)")
            if let meant { #expect(end.errors.hasSuffix("Did you mean: \(meant)?\n"), "\(end.everything)") }
        }

        @Test func `about a certificate file that is not there is its name`() async throws {
            let folder = try TestFolder()
            let end = try await RunningProgram(
                Place.program("ztna-agent"),
                ["run", "--without-tunnel", "--state", folder.path("agent"), "--ca-file", "/nope"], in: folder.url
            ).finish()
            #expect(end.status == 2 && end.errors.contains("--ca-file /nope: "), "\(end.everything)")
        }

        @Test func `about a wrong configuration is every error with its place`() async throws {
            let folder = try TestFolder()
            let file = try folder.write(
                "ztna.yaml",
                """
                server: { url: "http://example.com", lissen: "127.0.0.1:80" }
                organisation: 7
                state: state
                policy: missing.yaml
                identity_providers:
                  - id: corp
                    name: Corp
                    type: odic
                    issuer: https://sso.example.com
                    client_id: ztna
                    client_secret_file: nowhere.txt
                    domains: [example.com]

                """)
            let end = try await server("check", "--config", file, in: folder)
            #expect(end.status == 1)
            for word in ["ztna.yaml:1:", "\"listen\"", "ztna.yaml:8:11", "\"oidc\"", "missing.yaml", "ztna.yaml:11:25"]
            {
                #expect(end.errors.contains(word), "\(word): \(end.everything)")
            }
            #expect(end.errors.split(separator: "error:").count > 4, "\(end.everything)")
            // Serving refuses it too, and has made nothing.
            #expect(try await server("serve", "--config", file, in: folder).status == 1)
            #expect(!FileManager.default.fileExists(atPath: folder.path("state")))
        }

        @Test func `about configuration and policy is all in one run, also what only a start would find out`()
            async throws
        {
            let folder = try TestFolder()
            let file = try await configured(folder, state: "/proc/ztna")
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try folder.write(
                "ztna.yaml",
                text + """

                    audit:
                      exports: [{ name: siem, file: /proc/audit.jsonl }]
                    """)
            try folder.write("policy.yaml", "rules: [{ nam: a }]")
            let end = try await server("check", "--online", "--config", file, in: folder)
            #expect(end.status == 1)
            for words in [
                "error: the state directory /proc/ztna cannot be made: No such file or directory",
                "error: /proc/audit.jsonl cannot be made: No such file or directory",
                "policy.yaml:1:11: error: unknown key \"nam\" in rules[0]", "first correct the above",
            ] {
                #expect(end.errors.contains(words), "\(words): \(end.everything)")
            }
        }

        @Test func `about a good configuration leaves nothing behind`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try folder.write("ztna.yaml", text + "\naudit: { exports: [{ name: siem, file: audit.jsonl }] }\n")
            func names() throws -> [String] {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted()
                // What the program printed.
                return names.filter { !$0.hasSuffix(".out") && !$0.hasSuffix(".err") }
            }
            let before = try names()
            let end = try await server("check", "--config", file, in: folder)
            #expect(end.status == 0 && end.errors.isEmpty, "\(end.everything)")
            #expect(try names() == before)
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `checked by root is as the user to whom the state directory belongs`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            try folder.write("policy.yaml", Site.policy, mode: 0o644)
            try folder.write("ztna.yaml", try String(contentsOfFile: file, encoding: .utf8), mode: 0o644)
            let manager = FileManager.default
            try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.url.path)
            // Of nobody, who may not read root's secret.
            try manager.createDirectory(
                atPath: folder.path("state"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700]
            )
            #expect(chown(folder.path("state"), 65_534, 65_534) == 0)
            let refused = try await server("check", "--config", file, in: folder)
            #expect(refused.status == 1 && refused.output.contains("checked as nobody"), "\(refused.everything)")
            #expect(refused.errors.contains("secret.txt"), "\(refused.everything)")
            #expect(refused.errors.contains("may not be read by this user"), "\(refused.everything)")
            #expect(chown(folder.path("secret.txt"), 65_534, 65_534) == 0)
            let good = try await server("check", "--config", file, in: folder)
            #expect(good.status == 0 && good.errors.isEmpty, "\(good.everything)")
            // As root's server it would be another user's.
            #expect(chown(folder.path("state"), 0, 0) == 0)
            let foreign = try await server("check", "--config", file, in: folder)
            #expect(foreign.status == 0, "\(foreign.everything)")
            #expect(foreign.errors.contains("warning: this secret belongs to another user"), "\(foreign.everything)")
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `checked by root is as the user who is named, with its groups, also before the first start`() async throws
        {
            let folder = try TestFolder()
            let file = try await configured(folder)
            for name in ["ztna.yaml", "policy.yaml"] { #expect(chmod(folder.path(name), 0o644) == 0) }
            #expect(chmod(folder.url.path, 0o755) == 0)
            // Of a group that only the server's unit gives it.
            let group = try #require(getgrnam("daemon")).pointee.gr_gid
            let secret = folder.path("secret.txt")
            #expect(chown(secret, 0, group) == 0 && chmod(secret, 0o640) == 0)
            let refused = try await server("check", "--config", file, "--user", "nobody", in: folder)
            #expect(refused.status == 1 && refused.output.contains("checked as nobody"), "\(refused.everything)")
            for words in ["secret.txt", "may not be read by this user", "nobody has the groups nogroup here"] {
                #expect(refused.errors.contains(words), "\(words): \(refused.everything)")
            }
            // Who starts the server makes its state directory.
            #expect(!refused.errors.contains("state directory"), "\(refused.everything)")
            let good = try await server(
                "check", "--config", file, "--user", "nobody", "--group", "daemon", in: folder)
            #expect(good.status == 0 && good.errors.isEmpty, "\(good.everything)")
            #expect(good.output.contains("/state is not there yet, and must be made for nobody"), "\(good.everything)")
            // The user's own secret is nobody else's.
            #expect(chown(secret, 65_534, 0) == 0 && chmod(secret, 0o600) == 0)
            let own = try await server("check", "--config", file, "--user", "nobody", in: folder)
            #expect(own.status == 0 && own.errors.isEmpty, "\(own.everything)")
            for words in [["--user", "no-such-user"], ["--user", "nobody", "--group", "no-such-group"]] {
                let end = try await RunningProgram(
                    Place.program("ztna-server"), ["check", "--config", file] + words, in: folder.url
                ).finish()
                #expect(end.status == 1 && end.errors.contains("there is no"), "\(end.everything)")
            }
        }

        @Test func `about rules that ask for countries in vain is their places`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            try folder.write(
                "policy.yaml",
                "rules:\n  - { name: a, source: \"*\", destination: \"*\", allow: any, when: { from: DE } }")
            let end = try await server("check", "--config", file, in: folder)
            #expect(end.status == 1)
            for words in ["policy.yaml:2:73: error: no database tells", "found \"DE\"", "places: { database:"] {
                #expect(end.errors.contains(words), "\(words): \(end.everything)")
            }
        }

        @Test func `about a port in use is the port and how to find out`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let port = try #require(text.firstMatch(of: /listen: "[^"]*:([0-9]+)"/)).1
            let taken = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(taken) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = try #require(UInt16(port)).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let isBound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(taken, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(taken, 1) == 0
                }
            }
            #expect(isBound)
            let end = try await server("serve", "--config", file, in: folder)
            #expect(end.status == 1, "\(end.everything)")
            for words in ["cannot listen on 127.0.0.1:\(port) (`server.listen`): Address already in use", "ss -ltnp"] {
                #expect(end.errors.contains(words), "\(words): \(end.everything)")
            }
        }

        @Test func `about a file that is not there is its name`() async throws {
            let folder = try TestFolder()
            let end = try await server("check", "--config", "nowhere.yaml", in: folder)
            #expect(end.status == 1)
            #expect(end.errors.contains("nowhere.yaml"), "\(end.everything)")
        }

        @Test func `about a provider out of reach is the step that fails`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            #expect(try await server("check", "--config", file, in: folder).status == 0)
            let end = try await server("check", "--online", "--config", file, in: folder)
            #expect(end.status == 1)
            #expect(end.errors.contains("corp: failed at discovery"), "\(end.everything)")
        }

        @Test(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
        func `about a good provider is what it offers`() async throws {
            let site = try await Site()
            let file = site.folder.path("ztna.yaml")
            let good = try await server("check", "--online", "--config", file, in: site.folder)
            #expect(good.status == 0, "\(good.everything)")
            #expect(good.output.contains("corp: "))
            for (fault, words) in [
                ("html-discovery", "discovery"), ("discovery-wrong-issuer", "issuer.invalid"),
                ("redirect-discovery", "redirects are not followed"), ("huge-discovery", "discovery"),
                ("jwks-empty", "keys"), ("jwks-small-rsa", "keys"), ("html-jwks", "keys: the keys at jwks_uri"),
                ("redirect-jwks", "keys: the provider answered with status 307"), ("huge-jwks", "keys: the answer is"),
                ("private-jwks", "keys: the host's address 0.0.0.0 is private or reserved"),
            ] {
                try await site.setFault(fault)
                let end = try await server("check", "--online", "--config", file, in: site.folder)
                #expect(end.status == 1, "\(fault): \(end.everything)")
                #expect(end.errors.contains("corp: failed at"), "\(fault): \(end.everything)")
                #expect(end.errors.contains(words), "\(fault): \(end.everything)")
            }
        }

        @Test(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
        func `about a provider at a private address is that nothing is asked there, unless it is configured`()
            async throws
        {
            for (further, words) in [
                ("", "keys: the host's address 0.0.0.0 is private or reserved"),
                ("allow_private_addresses: true", "keys: nothing answers at this host and port"),
            ] {
                let site = try await Site(providerArguments: ["--fault", "private-jwks"], provider: further)
                let end = try await server(
                    "check", "--online", "--config", site.folder.path("ztna.yaml"), in: site.folder)
                #expect(end.status == 1 && end.errors.contains(words), "\(end.everything)")
            }
        }

        @Test func `about a state directory that others may enter is what to do`() async throws {
            let folder = try TestFolder()
            let file = try await configured(folder)
            try FileManager.default.createDirectory(
                atPath: folder.path("state"), withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755])
            let end = try await server("serve", "--config", file, in: folder)
            #expect(end.status == 1)
            #expect(end.errors.contains("chmod 700"), "\(end.everything)")
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `about a full disk is that it is full`() async throws {
            let folder = try TestFolder()
            let disk = try await SmallDisk(folder.path("disk"), kilobytes: 64)
            defer { disk.unmount() }
            let file = try await configured(folder, state: disk.path)
            let end = try await server("serve", "--config", file, in: folder)
            #expect(end.status == 1)
            #expect(end.errors.contains("full") || end.errors.contains("No space left"), "\(end.everything)")
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `about a read-only disk is that it cannot be written`() async throws {
            let folder = try TestFolder()
            let disk = try await SmallDisk(folder.path("disk"), kilobytes: 8192)
            defer { disk.unmount() }
            _ = try await configured(folder, state: disk.path)
            let first = try await Site.serve(in: folder)
            first.terminate()
            #expect(try await first.finish().status == 0)
            try await disk.makeReadOnly()
            let end = try await server("serve", "--config", folder.path("ztna.yaml"), in: folder)
            #expect(end.status == 1)
            #expect(end.errors.contains("read-only"), "\(end.everything)")
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `while the disk is full nothing is acknowledged, and afterwards it goes on`() async throws {
            let folder = try TestFolder()
            let disk = try await SmallDisk(folder.path("disk"), kilobytes: 8192)
            defer { disk.unmount() }
            let file = try await configured(folder, state: disk.path)
            let url = try #require(
                try String(contentsOfFile: file, encoding: .utf8).firstMatch(of: /listen: "([^"]*)"/)
            ).1
            let text = try String(contentsOfFile: file, encoding: .utf8).replacing(
                /url: "[^"]*"/, with: "url: \"http://\(url)\"")
            try folder.write("ztna.yaml", text)
            let running = try await Site.serve(in: folder)
            defer { running.kill() }
            let client = try HTTPClient.onLoopback()
            defer { client.shutdown() }
            let transport = WebTransport { try await client.answer($0) }
            var device = DeviceClient(
                key: try .init(from: .system), server: "http://\(url)", transport: transport,
                clock: { Int(Date().timeIntervalSince1970) })
            try disk.fill()
            let refused = try await device.beginSignIn()
            #expect(refused.status >= 500, "\(refused.json)")
            #expect(running.errors.contains("full"), "\(running.errors)")
            try disk.empty()
            let begun = try await device.beginSignIn()
            #expect(begun.status == 200, "\(begun.json)")
        }
    }
}

/// A file system of a few kilobytes in memory.
struct SmallDisk {
    let path: String

    init(_ path: String, kilobytes: Int) async throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try await Self.run("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k,mode=0700", "ztna-test", path)
    }

    func makeReadOnly() async throws { try await Self.run("mount", "-o", "remount,ro", path) }

    func unmount() { _ = path.withCString { umount2($0, Int32(MNT_DETACH)) } }

    func fill() throws {
        let descriptor = open(path + "/filling", O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, zeros, zeros.count) > 0 {}
    }

    func empty() throws { try FileManager.default.removeItem(atPath: path + "/filling") }

    private static func run(_ words: String...) async throws {
        let folder = try TestFolder()
        let end = try await RunningProgram("/usr/bin/env", words, in: folder.url).finish()
        guard end.status == 0 else { throw Stuck(description: end.everything) }
    }
}
