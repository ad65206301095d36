package import Cryptography
package import NetworkAddresses

/// The WireGuard symmetric key of one peer (PSK): 32 bytes in locked memory, compared in constant time.
package final class PresharedKey: Sendable, Equatable {
    private let secret: SecretBytes

    /// Takes the 32 bytes out of `source` and wipes it.
    package init(taking source: inout [UInt8]) throws(CryptographyError) {
        guard source.count == 32 else { throw .invalidKey }
        secret = try SecretBytes(taking: &source)
    }

    package static func == (left: PresharedKey, right: PresharedKey) -> Bool { left.secret.matches(right.secret) }

    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { secret.withBytes(body) }
}

/// One peer as the engine is to know it.
package struct WireGuardPeer: Equatable, Sendable {
    package var presharedKey: PresharedKey?
    /// Where to send; nil leaves the choice to the engine, which answers where the peer last spoke from.
    package var endpoint: Endpoint?
    package var allowedIPs: Set<IPPrefix>
    /// Seconds; 0 is off.
    package var persistentKeepalive: UInt16

    package init(
        presharedKey: PresharedKey? = nil, endpoint: Endpoint? = nil, allowedIPs: Set<IPPrefix>,
        persistentKeepalive: UInt16 = 0
    ) {
        self.presharedKey = presharedKey
        self.endpoint = endpoint
        self.allowedIPs = allowedIPs
        self.persistentKeepalive = persistentKeepalive
    }
}

/// All that the engine is to know.
package struct WireGuardConfiguration: Sendable {
    package var privateKey: X25519PrivateKey
    /// 0 lets the engine choose; `WireGuardDevice.status()` tells what it chose.
    package var listenPort: UInt16
    /// The mark of the engine's own packets; 0 is none.
    package var firewallMark: UInt32
    package var peers: [X25519PublicKey: WireGuardPeer]

    package init(
        privateKey: X25519PrivateKey, listenPort: UInt16 = 0, firewallMark: UInt32 = 0,
        peers: [X25519PublicKey: WireGuardPeer] = [:]
    ) {
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.firewallMark = firewallMark
        self.peers = peers
    }

    /// What has to be told to an engine that knows `old`, or that knows nothing when `old` is nil.
    ///
    /// An endpoint is told only when it changes here, as the engine may have roamed to a better one since.
    package static func changes(from old: WireGuardConfiguration?, to new: WireGuardConfiguration) -> WireGuardChanges {
        var changes = WireGuardChanges()
        if old?.privateKey.publicKey != new.privateKey.publicKey { changes.privateKey = new.privateKey }
        if old?.listenPort != new.listenPort { changes.listenPort = new.listenPort }
        if old?.firewallMark != new.firewallMark { changes.firewallMark = new.firewallMark }
        changes.replacesPeers = old == nil
        let known = old?.peers ?? [:]
        changes.removed = known.keys.filter { new.peers[$0] == nil }.sorted(by: inKeyOrder)
        for key in new.peers.keys.sorted(by: inKeyOrder) {
            guard let peer = new.peers[key], known[key] != peer else { continue }
            changes.peers.append(WireGuardPeerChange(key: key, from: known[key], to: peer))
        }
        return changes
    }

    private static func inKeyOrder(_ left: X25519PublicKey, _ right: X25519PublicKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// What differs for one peer; nil is left as it is.
package struct WireGuardPeerChange: Equatable, Sendable {
    package let key: X25519PublicKey
    package let isNew: Bool
    package let presharedKey: Change<PresharedKey>?
    package let endpoint: Endpoint?
    package let allowedIPs: [IPPrefix]?
    package let persistentKeepalive: UInt16?

    package enum Change<Value: Equatable & Sendable>: Equatable, Sendable {
        case set(Value)
        case clear
    }

    init(key: X25519PublicKey, from old: WireGuardPeer?, to new: WireGuardPeer) {
        self.key = key
        isNew = old == nil
        presharedKey =
            old?.presharedKey == new.presharedKey ? nil : new.presharedKey.map { .set($0) } ?? .clear
        endpoint = old?.endpoint == new.endpoint ? nil : new.endpoint
        allowedIPs =
            old?.allowedIPs == new.allowedIPs
            ? nil : new.allowedIPs.sorted { ($0.address, $0.length) < ($1.address, $1.length) }
        persistentKeepalive =
            (old?.persistentKeepalive ?? 0) == new.persistentKeepalive ? nil : new.persistentKeepalive
    }
}

/// One `set=1` transaction. Source: wireguard.com/xplatform.
package struct WireGuardChanges: Sendable {
    package var privateKey: X25519PrivateKey?
    package var listenPort: UInt16?
    package var firewallMark: UInt32?
    /// Forget all peers first.
    package var replacesPeers = false
    package var removed: [X25519PublicKey] = []
    package var peers: [WireGuardPeerChange] = []

    package var isEmpty: Bool {
        privateKey == nil && listenPort == nil && firewallMark == nil && !replacesPeers && removed.isEmpty
            && peers.isEmpty
    }

    /// The request's bytes; they may hold keys: wipe them after use.
    ///
    /// Removals first, so that addresses which move from one peer to another are free.
    func request() -> [UInt8] {
        var text = SecretText()
        text.line("set", "1")
        if let privateKey {
            privateKey.withBytes { text.line("private_key", hexadecimalOf: $0) }
        }
        if let listenPort { text.line("listen_port", "\(listenPort)") }
        if let firewallMark { text.line("fwmark", "\(firewallMark)") }
        if replacesPeers { text.line("replace_peers", "true") }
        for key in removed {
            text.line("public_key", key.hexadecimal)
            text.line("remove", "true")
        }
        for peer in peers { Self.write(peer, to: &text) }
        text.line()
        return text.bytes
    }

    private static func write(_ peer: WireGuardPeerChange, to text: inout SecretText) {
        text.line("public_key", peer.key.hexadecimal)
        if !peer.isNew { text.line("update_only", "true") }
        switch peer.presharedKey {
        case .set(let key): key.withBytes { text.line("preshared_key", hexadecimalOf: $0) }
        case .clear: text.line("preshared_key", String(repeating: "0", count: 64))
        case nil: break
        }
        if let endpoint = peer.endpoint { text.line("endpoint", "\(endpoint)") }
        if let keepalive = peer.persistentKeepalive { text.line("persistent_keepalive_interval", "\(keepalive)") }
        guard let allowedIPs = peer.allowedIPs else { return }
        text.line("replace_allowed_ips", "true")
        for prefix in allowedIPs { text.line("allowed_ip", "\(prefix)") }
    }
}

/// `name=value` lines that may hold keys: keys' digits pass through no `String`, outgrown storage is wiped.
private struct SecretText {
    private(set) var bytes: [UInt8] = []

    mutating func line(_ name: String, _ value: String) { append(Array("\(name)=\(value)\n".utf8)) }

    mutating func line() { append([UInt8(ascii: "\n")]) }

    mutating func line(_ name: String, hexadecimalOf key: UnsafeRawBufferPointer) {
        append(Array("\(name)=".utf8))
        let digits = Array("0123456789abcdef".utf8)
        var text = key.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        append(text)
        wipe(&text)
        line()
    }

    private mutating func append(_ more: [UInt8]) {
        if bytes.count + more.count > bytes.capacity {
            var larger: [UInt8] = []
            larger.reserveCapacity(max(4096, 2 * (bytes.count + more.count)))
            larger += bytes
            wipe(&bytes)
            bytes = larger
        }
        bytes += more
    }
}
