import Foundation
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")")) struct `The demo` {
        private static let steps = [
            "server", "provider", "sign-in-alice", "sign-in-bob", "authorization", "tunnel", "allowed", "denied",
            "revoked",
            "clean-up",
        ]

        @Test(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
        func `shows each step of a whole network, and leaves nothing behind`() async throws {
            let before = try await Self.leftovers()
            let (status, report) = try await Self.run()
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
            #expect(try await Self.leftovers().subtracting(before).isEmpty)
        }

        private static func run() async throws -> (Int32, JSONMembers) {
            let folder = try TestFolder()
            let program = try RunningProgram(
                Place.program("ztna"), ["demo", "--json", "--fixtures", Place.fixtures.path],
                environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            )
            let end = try await program.finish(within: .seconds(240))
            do { return (end.status, try JSONMembers(parsing: Array(end.output.utf8))) } catch {
                throw Stuck(description: "\(error): \(end.everything)")
            }
        }

        /// The demo's namespaces, and the rule sets of this one.
        private static func leftovers() async throws -> Set<String> {
            let folder = try TestFolder()
            var found: Set<String> = []
            for words in [["ip", "netns", "list"], ["nft", "list", "tables"]] {
                let end = try await RunningProgram("/usr/bin/env", words, in: folder.url).finish()
                found.formUnion(end.output.split(separator: "\n").map(String.init).filter { $0.contains("ztna") })
            }
            return found
        }
    }
}
