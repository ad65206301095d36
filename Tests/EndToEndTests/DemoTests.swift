import Foundation
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

        private static func run() async throws -> (Int32, JSONMembers, [String]) {
            let folder = try TestFolder()
            let program = try RunningProgram(
                Place.program("ztna"), ["demo", "--json", "--fixtures", Place.fixtures.path],
                environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            )
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
