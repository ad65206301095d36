package import Cryptography
internal import Glibc

/// A running engine's configuration, over the cross-platform protocol on its Unix socket.
///
/// One request a connection; each waits five seconds at most. Source: wireguard.com/xplatform.
package actor WireGuardDevice {
    private let executor = BlockingExecutor(label: "ztna.wireguard")
    private let path: String
    /// The engine; nil: whoever listens.
    private let process: pid_t?
    private var applied: WireGuardConfiguration?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// With `process`, nobody else is told anything.
    package init(_ interface: InterfaceName, of process: Int32? = nil) {
        path = Self.socketPath(of: interface)
        self.process = process
    }

    /// Where engines listen; one directory for all network namespaces of a machine.
    static func socketPath(of interface: InterfaceName) -> String { "/var/run/wireguard/\(interface).sock" }

    /// Tells the engine what differs from what it was told last through this value; everything the first time.
    package func apply(_ configuration: WireGuardConfiguration) throws(LinuxNetworkError) {
        let changes = WireGuardConfiguration.changes(from: applied, to: configuration)
        guard !changes.isEmpty else { return }
        do { try set(changes) } catch {
            // A refused transaction may have been carried out in part: tell everything the next time.
            applied = nil
            throw error
        }
        applied = configuration
    }

    /// Takes what the engine says that it knows, and that it has this key, for what it was told; `apply` then tells only what
    /// differs. Peers with a preshared key are forgotten: what it is cannot be compared.
    package func adopt(_ status: WireGuardStatus, privateKey: X25519PrivateKey) throws(LinuxNetworkError) {
        var forgotten = WireGuardChanges()
        forgotten.removed = status.peers.filter(\.value.hasPresharedKey).map(\.key)
        if !forgotten.isEmpty { try set(forgotten) }
        applied = WireGuardConfiguration(
            privateKey: privateKey, listenPort: status.listenPort, firewallMark: status.firewallMark,
            peers: status.peers.filter { !$0.value.hasPresharedKey }.mapValues { peer in
                WireGuardPeer(
                    endpoint: peer.endpoint, allowedIPs: peer.allowedIPs, persistentKeepalive: peer.persistentKeepalive)
            })
    }

    /// One transaction of its own, as for an endpoint that has to be asserted again.
    package func set(_ changes: WireGuardChanges) throws(LinuxNetworkError) {
        var request = changes.request()
        defer { wipe(&request) }
        _ = try WireGuardStatus(parsing: answer(to: request))
    }

    package func status() throws(LinuxNetworkError) -> WireGuardStatus {
        var bytes = try answer(to: Array("get=1\n\n".utf8))
        defer { wipe(&bytes) }
        return try WireGuardStatus(parsing: bytes)
    }

    private func answer(to request: [UInt8]) throws(LinuxNetworkError) -> [UInt8] {
        let stream = try UnixStream(connectingTo: path, by: Deadline(after: .seconds(5)))
        if let process, stream.peer != process { throw .notTheEngine(path: path) }
        try stream.write(request)
        return try stream.read(through: Array("\n\n".utf8), limit: 64 << 20)
    }
}
