import Cryptography
import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func privateKey(_ byte: UInt8) throws -> X25519PrivateKey {
    var bytes = [UInt8](repeating: byte, count: 32)
    return try X25519PrivateKey(taking: &bytes)
}

private func key(_ byte: UInt8) throws -> X25519PublicKey { try X25519PublicKey([UInt8](repeating: byte, count: 32)) }

private func psk(_ byte: UInt8) throws -> PresharedKey {
    var bytes = [UInt8](repeating: byte, count: 32)
    return try PresharedKey(taking: &bytes)
}

private func hex(_ byte: UInt8) -> String { Hexadecimal.encode([UInt8](repeating: byte, count: 32)) }

private func request(_ old: WireGuardConfiguration?, _ new: WireGuardConfiguration) -> String {
    String(decoding: WireGuardConfiguration.changes(from: old, to: new).request(), as: UTF8.self)
}

@Suite struct `A WireGuard configuration` {
    @Test func `is told whole the first time`() throws {
        let configuration = WireGuardConfiguration(
            privateKey: try privateKey(1), listenPort: 51820, firewallMark: 3,
            peers: [
                try key(2): WireGuardPeer(
                    presharedKey: try psk(9), endpoint: Endpoint("[2001:db8::1]:7"),
                    allowedIPs: [try #require(IPPrefix("fd00::2/128")), try #require(IPPrefix("100.64.0.2/32"))],
                    persistentKeepalive: 25)
            ])
        #expect(
            request(nil, configuration) == """
                set=1
                private_key=\(hex(1))
                listen_port=51820
                fwmark=3
                replace_peers=true
                public_key=\(hex(2))
                preshared_key=\(hex(9))
                endpoint=[2001:db8::1]:7
                persistent_keepalive_interval=25
                replace_allowed_ips=true
                allowed_ip=100.64.0.2/32
                allowed_ip=fd00::2/128


                """)
    }

    @Test func `then only by its differences, removals first`() throws {
        let address = try #require(IPPrefix("100.64.0.2/32"))
        let old = WireGuardConfiguration(
            privateKey: try privateKey(1),
            peers: [
                try key(2): WireGuardPeer(allowedIPs: []), try key(3): WireGuardPeer(allowedIPs: [address]),
                try key(4): WireGuardPeer(presharedKey: try psk(9), endpoint: Endpoint("192.0.2.1:1"), allowedIPs: []),
            ])
        var new = old
        new.peers[try key(2)]?.allowedIPs = [address]
        new.peers[try key(3)] = nil
        new.peers[try key(4)]?.presharedKey = nil
        new.peers[try key(4)]?.endpoint = nil
        new.peers[try key(5)] = WireGuardPeer(allowedIPs: [])
        #expect(
            request(old, new) == """
                set=1
                public_key=\(hex(3))
                remove=true
                public_key=\(hex(2))
                update_only=true
                replace_allowed_ips=true
                allowed_ip=100.64.0.2/32
                public_key=\(hex(4))
                update_only=true
                preshared_key=\(hex(0))
                public_key=\(hex(5))
                replace_allowed_ips=true


                """)
    }

    @Test func `has no changes from an equal one`() throws {
        let one = WireGuardConfiguration(
            privateKey: try privateKey(1),
            peers: [try key(2): WireGuardPeer(presharedKey: try psk(9), allowedIPs: [])])
        let same = WireGuardConfiguration(
            privateKey: try privateKey(1),
            peers: [try key(2): WireGuardPeer(presharedKey: try psk(9), allowedIPs: [])])
        #expect(WireGuardConfiguration.changes(from: one, to: same).isEmpty)
    }
}

@Suite struct `A WireGuard status` {
    @Test func `is read without its secrets`() throws {
        let text = """
            private_key=\(hex(1))
            listen_port=51820
            public_key=\(hex(2))
            preshared_key=\(hex(9))
            protocol_version=1
            endpoint=192.0.2.1:7
            last_handshake_time_sec=1700000000
            last_handshake_time_nsec=5
            tx_bytes=10
            rx_bytes=20
            persistent_keepalive_interval=25
            allowed_ip=100.64.0.2/32
            public_key=\(hex(3))
            last_handshake_time_sec=0
            errno=0


            """
        let status = try WireGuardStatus(parsing: Array(text.utf8))
        var own = [UInt8](repeating: 1, count: 32)
        let ownKey = try X25519PrivateKey(taking: &own).publicKey
        #expect(status.publicKey == ownKey)
        #expect(status.listenPort == 51820)
        let peer = try #require(status.peers[try key(2)])
        #expect(peer.endpoint == Endpoint("192.0.2.1:7"))
        #expect(peer.lastHandshake == 1_700_000_000)
        #expect([peer.sent, peer.received] == [10, 20])
        #expect(peer.allowedIPs == [try #require(IPPrefix("100.64.0.2/32"))])
        #expect(peer.persistentKeepalive == 25)
        #expect(peer.hasPresharedKey)
        #expect(try status.peers[key(3)]?.hasPresharedKey == false)
        #expect(status.peers[try key(3)]?.lastHandshake == nil)
    }

    @Test func `tells the engine's refusal`() {
        #expect(throws: LinuxNetworkError.engineRefused(errno: -22)) {
            try WireGuardStatus(parsing: Array("errno=-22\n\n".utf8))
        }
    }

    @Test(arguments: [
        "", "\n\n", "listen_port=1\n\n", "nonsense\nerrno=0\n\n", "listen_port=70000\nerrno=0\n\n",
        "public_key=00\nerrno=0\n\n", "public_key=\(hex(2))\nrx_bytes=-1\nerrno=0\n\n",
        "public_key=\(hex(2))\nallowed_ip=1.2.3.4/33\nerrno=0\n\n",
        "public_key=\(hex(2))\npublic_key=\(hex(2))\nerrno=0\n\n", "errno=99999999999\n\n",
    ])
    func `refuses what contradicts the protocol`(_ text: String) {
        #expect(throws: LinuxNetworkError.self) { try WireGuardStatus(parsing: Array(text.utf8)) }
    }
}

@Suite struct `An engine's log` {
    @Test func `is cut into bounded lines`() {
        var splitter = LineSplitter()
        #expect(splitter.take(Array("one\ntw".utf8)) == ["one"])
        #expect(splitter.take(Array("o\n\n".utf8)) == ["two"])
        #expect(splitter.take([UInt8](repeating: 0x61, count: 1500)).map(\.count) == [1024])
        #expect(splitter.end().map(\.count) == [476])
        #expect(splitter.end() == [])
        #expect(splitter.take([0xFF, 0x0A]) == ["\u{FFFD}"])
    }

    @Test(arguments: [
        (["wireguard-go", "-f", "zt0"], true), (["/usr/bin/wireguard-go", "-f", "zt0"], true),
        (["wireguard-go", "-f", "zt1"], false), (["wireguard-go", "zt0"], false),
        (["vi", "-f", "zt0"], false), (["wireguard-go", "-f", "zt0", "x"], false), ([], false),
    ])
    func `belongs to a process with exactly its command line`(_ words: [String], _ isEngine: Bool) throws {
        #expect(RunningEngine.isEngine(words, on: try #require(InterfaceName("zt0"))) == isEngine)
    }

    /// A shell that runs a file named as the interface has an engine's command line.
    @Test(.enabled(if: missingForLiveTests == nil, "needs root and python3"), arguments: [0, 65_534])
    func `belongs to a process of our own user`(_ user: Int) throws {
        let namespace = try NetworkNamespace("e")
        let name = try #require(InterfaceName("zt-engine"))
        let program = """
            import os, tempfile
            folder = tempfile.mkdtemp()
            os.chmod(folder, 0o755)
            os.chdir(folder)
            with open("\(name)", "w") as script: script.write("pwd; while :; do sleep 1; done")
            os.chmod("\(name)", 0o644)
            os.setgid(\(user))
            os.setuid(\(user))
            os.execv("/bin/sh", ["wireguard-go", "-f", "\(name)"])
            """
        let process = try Command(["ip", "netns", "exec", namespace.name, "python3", "-c", program])
        let folder = process.line()
        #expect(folder.hasPrefix("/"))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let found = try namespace.inside {
            RunningEngine.all(on: name, in: ProcessTable.ownNetworkNamespace) { _ in true }
        }
        #expect(found.isEmpty == (user != 0))
        process.end()
    }

    @Test func `needs an engine that is installed`() throws {
        guard Privileges.isRoot, Privileges.hasTUN else { return }
        let name = try #require(InterfaceName("zt-none"))
        #expect(throws: LinuxNetworkError.engineNotFound(path: "/nowhere/wireguard-go")) {
            try WireGuardProcess(
                interface: name, executable: "/nowhere/wireguard-go", onLine: { _ in }, onExit: { _ in })
        }
    }
}
