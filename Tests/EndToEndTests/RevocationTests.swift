import Foundation
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `A session that an administrator ends` {
        private static let port = 7070
        private static let open = "rules: [{ name: all, source: \"*\", destination: \"*\", allow: [tcp/\(port)] }]\n"

        /// What the kernel and the engine of one device know of the other.
        private struct Known: Equatable {
            let isPeer: Bool
            /// Those of the addresses that the device's own table holds, but for its memory of what it has logged.
            let inTable: [String]
            let inConntrack: [String]

            init(by device: TunnelDevice, key: String, addresses: [String]) throws {
                let namespace = device.namespace
                isPeer = try namespace.inside("wg", "show", device.interface, "peers").contains(key)
                let table = try namespace.inside("nft", "list", "table", "inet", "ztna")
                let sets = table.split(separator: "\tset ").filter { !$0.contains("flags dynamic,timeout") }
                inTable = addresses.filter { address in
                    sets.contains { $0.split { " ,\n".contains($0) }.contains(address[...]) }
                }
                let entries = try namespace.inside(words: ["python3", "-c", Self.entries] + addresses)
                inConntrack = entries.split(separator: "\n").map(String.init)
            }

            /// Dumps the kernel's connections by netlink, and prints which of the addresses are a source or destination.
            /// Source: linux/netfilter/nfnetlink_conntrack.h, `IPCTNL_MSG_CT_GET`, `CTA_IP_V4_SRC` and so on.
            private static let entries = """
                import socket, struct, sys
                s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
                s.settimeout(60)
                s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 1, 0x301, 1, 0, 0, 0, 0))
                dump, done = b"", False
                while not done:
                    part = s.recv(1 << 20)
                    dump += part
                    while part:
                        length, kind = struct.unpack_from("=IH", part)
                        if kind == 2: sys.exit("the kernel refused")
                        done = done or kind == 3
                        part = part[length + 3 & ~3:]
                for text in sys.argv[1:]:
                    family = socket.AF_INET6 if ":" in text else socket.AF_INET
                    address = socket.inet_pton(family, text)
                    kinds = (3, 4) if ":" in text else (1, 2)
                    if any(struct.pack("=HH", 4 + len(address), k) + address in dump for k in kinds): print(text)
                """
        }

        @Test func `is unknown to the engine and the kernel of those it spoke with`() async throws {
            let pair = try await TunnelPair(ports: [Self.port])
            try await pair.apply(policy: Self.open)
            let steady = try #require(try await pair.flow(Self.port))
            let addresses = try await pair.bob.ask("whoami").strings("addresses")
            let key = try pair.bob.namespace.inside("wg", "show", pair.bob.interface, "public-key")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            func known() throws -> Known { try Known(by: pair.carol, key: key, addresses: addresses) }
            let before = try known()
            #expect(before.isPeer && before.inTable == addresses)
            #expect(before.inConntrack == addresses.filter { !$0.contains(":") })

            let sessions = try await pair.site.administer("sessions", "list").arrayValue ?? []
            let bobs = sessions.compactMap(\.objectValue).filter { $0["person"]?.stringValue?.contains("bob") == true }
            let session = try #require(bobs.first?["session"]?.stringValue, "\(sessions)")
            _ = try await pair.site.administer("sessions", "end", session)
            var left = before
            try await eventually("carol's device to know nothing of bob's") {
                left = try known()
                return !left.isPeer && left.inTable == [] && left.inConntrack == [] ? () : nil
            }
            let cut = Date().timeIntervalSince1970
            // What still comes from there makes no new entry: it belongs to no peer.
            #expect(try known() == left)
            #expect(!steady.hasRun(since: cut))
            steady.stop()
            #expect(try pair.carol.namespace.inside("wg", "show", pair.carol.interface, "peers") == "")
            try await eventually("bob's device to have neither tunnel nor peer") {
                let (namespace, interface) = (pair.bob.namespace, pair.bob.interface)
                guard try namespace.inside("ip", "-o", "link").contains(interface) else { return () }
                return try namespace.inside("wg", "show", interface, "peers") == "" ? () : nil
            }
        }

        @Test func `is nobody's peer any more, also where the tunnel's guard has died and no other can be had`()
            async throws
        {
            let pair = try await TunnelPair(ports: [Self.port])
            try await pair.apply(policy: Self.open)
            let carol = pair.carol
            let steady = try #require(try await pair.flow(Self.port))
            let first = try #require(carol.namespace.guards.first)
            let socket = "/var/run/wireguard/\(carol.interface).guard"
            unlink(socket)
            #expect(mkdir(socket, 0o700) == 0)
            defer { rmdir(socket) }
            kill(first, SIGKILL)
            try await eventually("carol's agent to say so") {
                try await carol.run("status").everything.contains("guard") ? () : nil
            }
            try await steady.goesOn("without a guard")

            let sessions = try await pair.site.administer("sessions", "list").arrayValue ?? []
            let bobs = sessions.compactMap(\.objectValue).filter { $0["person"]?.stringValue?.contains("bob") == true }
            let session = try #require(bobs.first?["session"]?.stringValue, "\(sessions)")
            _ = try await pair.site.administer("sessions", "end", session)
            try await eventually("carol's device to have no peer") {
                try carol.namespace.inside("wg", "show", carol.interface, "peers") == "" ? () : nil
            }
            steady.stop()
            #expect(carol.namespace.guards == [])
            rmdir(socket)
            try await eventually("another guard") { carol.namespace.guards.count == 1 ? () : nil }
        }
    }
}
