import Foundation
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `An agent that cannot have a tunnel` {
        @Test func `because it is not root says so, and how it could`() async throws {
            let folder = try TestFolder()
            let program = try folder.program("ztna-agent")
            let own = folder.url.appending(path: "own")
            try FileManager.default.createDirectory(
                at: own, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
            let end = try await RunningProgram(
                "/usr/bin/setpriv",
                [
                    "--reuid=nobody", "--clear-groups", "--inh-caps=-all", "--", program, "run", "--state",
                    own.path + "/state", "--socket", own.path + "/agent.sock",
                ], in: folder.url
            ).finish()
            #expect(end.status == 1, "\(end.everything)")
            #expect(end.errors.contains("the tunnel needs root") && end.errors.contains("--without-tunnel"))
            #expect(!FileManager.default.fileExists(atPath: own.path + "/agent.sock"))
        }

        @Test func `because there is no TUN device says so, and leaves nothing behind`() async throws {
            let namespace = try DeviceNamespace()
            let folder = try TestFolder()
            let end = try await RunningProgram(
                "/usr/bin/env",
                [
                    "ip", "netns", "exec", namespace.name, "unshare", "--mount", "sh", "-c",
                    "mount -t tmpfs none /dev/net && exec \"$0\" \"$@\"", Place.program("ztna-agent"), "run", "--state",
                    folder.path("state"), "--socket", folder.path("agent.sock"), "--interface",
                    "zt\(UInt32.random(in: 0...UInt32.max))",
                ], in: folder.url
            ).finish()
            #expect(end.status == 1, "\(end.everything)")
            #expect(end.errors.contains("/dev/net/tun cannot be opened"), "\(end.everything)")
            #expect(end.errors.contains("load the module `tun`"), "\(end.everything)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("agent.sock")))
            #expect(try namespace.inside("nft", "list", "ruleset") == "")
            #expect(namespace.processes == [])
        }
    }
}
