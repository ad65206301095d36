import Foundation
import Glibc
import HTTPClient
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")")) struct `The demo` {
        private static let steps = [
            "server", "provider", "sign-in-alice", "sign-in-bob", "authorization", "tunnel", "allowed", "left-group",
            "deactivated", "sign-in-again", "logged-out", "sign-in-once-more", "needs-mfa", "step-up", "denied",
            "revoked", "ends-by-itself", "audit", "clean-up",
        ]

        @Test(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
        func `shows each step of a whole network, and leaves nothing behind`() async throws {
            let (status, report, leftovers) = try await Self.run()
            #expect(status == 0)
            #expect(try report.bool("ok"))
            let steps = report.members["steps"]?.arrayValue ?? []
            #expect(steps.allSatisfy { $0.objectValue?["ok"] == true })
            for name in Self.steps {
                let found = steps.filter { $0.objectValue?["name"]?.stringValue == name }
                #expect(!found.isEmpty, "\(name) is missing")
                for step in found {
                    #expect(step.objectValue?["ok"] == true, "\(step)")
                    #expect(step.objectValue?["milliseconds"]?.numberValue != nil, "\(step)")
                    #expect(step.objectValue?["detail"]?.stringValue?.isEmpty == false, "\(step)")
                }
            }
            #expect(leftovers == [])
        }

        /// All but packets: rules are shown instead, on loopback.
        private static let stepsWithoutTunnel = [
            "provider", "server", "saml-provider", "provisioning", "agents", "sign-in-alice", "sign-in-bob",
            "sign-in-carol", "authorization", "tunnel", "allowed", "denied", "revoked", "clean-up",
        ]

        /// The programs and fixtures where any user may run them.
        private static func copied(to folder: TestFolder) throws {
            for name in ["ztna", "ztna-demo", "ztna-server", "ztna-agent"] { _ = try folder.program(name) }
            try FileManager.default.copyItem(atPath: Place.fixtures.path, toPath: folder.path("IdPFixtures"))
            try DeviceNamespace.run("chmod", "-R", "a+rX", folder.path("IdPFixtures"))
        }

        @Test(.enabled(if: Missing.forRoot == nil, "\(Missing.forRoot ?? "")"))
        func `as another user than root shows all but the tunnel, and says so`() async throws {
            let folder = try TestFolder()
            try Self.copied(to: folder)
            let program = try RunningProgram(
                "/usr/bin/setpriv",
                [
                    "--reuid=nobody", "--clear-groups", "--inh-caps=-all", "--", folder.path("ztna"), "demo", "--json",
                    "--fixtures", folder.path("IdPFixtures"),
                ], environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url)
            let (status, report, leftovers) = try await Self.end(of: program)
            #expect(try status == 0 && report.bool("ok"), "\(program.errors)")
            let steps = try report.array("steps").compactMap(\.objectValue)
            #expect(steps.compactMap { $0["name"]?.stringValue } == Self.stepsWithoutTunnel)
            #expect(steps.allSatisfy { $0["ok"] == true })
            let skipped = steps.filter { $0["skipped"] == true }
            #expect(skipped.map { $0["name"] } == ["tunnel"])
            #expect(skipped.first?["detail"]?.stringValue?.contains("not root") == true)
            #expect(program.errors.contains("skipped: not root"), "\(program.errors)")
            #expect(leftovers == [])
        }

        @Test func `kept leaves all running to be tried by hand, and Enter ends it`() async throws {
            let folder = try TestFolder()
            // What a person types comes from here; it has no end of its own.
            try #require(mkfifo(folder.path("keys"), 0o600) == 0)
            let program = try RunningProgram(
                "/bin/sh",
                [
                    "-c", "exec \"$0\" \"$@\" <>keys", Place.program("ztna"), "demo", "--json", "--keep",
                    "--without-tunnel", "--fixtures", Place.fixtures.path,
                ], environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url)
            _ = try await program.line("the end of the words", /Enter or Ctrl-C ends it/, from: \.errors)
            let words = program.errors
            let server = try #require(words.firstMatch(of: /server +(http\S+)/)?.output.1, "\(words)")
            let provider = try #require(words.firstMatch(of: /providers (http\S+)/)?.output.1, "\(words)")
            let client = try HTTPClient.onLoopback()
            defer { client.shutdown() }
            for url in ["\(server)/device", "\(provider)/.well-known/openid-configuration"] {
                #expect(try await client.send(HTTPRequest(url: url, timeout: .seconds(60))).status == 200, "\(url)")
            }
            let commands = words.split(separator: "\n").filter { $0.contains("/ztna status --socket ") }
            #expect(commands.count == 3, "\(words)")
            for command in commands {
                let end = try await RunningProgram("/bin/sh", ["-c", String(command)], in: folder.url).finish()
                #expect(end.status == 0, "\(command): \(end.everything)")
            }
            #expect(program.isRunning && program.output == "")
            let keys = try FileHandle(forWritingTo: folder.url.appending(path: "keys"))
            try keys.write(contentsOf: Data("\n".utf8))
            let (status, report, leftovers) = try await Self.end(of: program)
            #expect(try status == 0 && report.bool("ok"), "\(program.errors)")
            #expect(leftovers == [])
        }

        private static func run() async throws -> (Int32, JSONMembers, [String]) {
            let folder = try TestFolder()
            let program = try RunningProgram(
                Place.program("ztna"), ["demo", "--json", "--fixtures", Place.fixtures.path],
                environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            )
            return try await Self.end(of: program)
        }

        /// Its status, its report, and what it has left behind.
        private static func end(of program: RunningProgram) async throws -> (Int32, JSONMembers, [String]) {
            let end = try await program.finish(within: .seconds(600))
            let leftovers = try await leftovers(of: program.identifier)
            do { return (end.status, try JSONMembers(parsing: Array(end.output.utf8)), leftovers) } catch {
                throw Stuck(description: "\(error): \(end.everything)")
            }
        }

        /// Namespaces, files and engines of one run: their names hold its process's number, which `ztna` hands on to `ztna-demo`.
        private static func leftovers(of process: Int32) async throws -> [String] {
            let folder = try TestFolder()
            let namespaces = try await RunningProgram("/usr/bin/env", ["ip", "netns", "list"], in: folder.url).finish()
            let files = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
            let engines = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { number in
                (try? Data(contentsOf: URL(filePath: "/proc/\(number)/cmdline"))).map {
                    String(decoding: $0, as: UTF8.self)
                }
            }.filter { $0.contains("wireguard-go\0-f\0zd\(process)") }
            return (namespaces.output.split(separator: "\n").map(String.init) + files).filter {
                $0.hasPrefix("ztna-\(process)-") || $0 == "ztna-demo-\(process)"
            } + engines
        }
    }
}
