package import Cryptography
package import NetworkAddresses

/// What the engine says about itself; of its private key only the public half is kept, and preshared keys are read past.
package struct WireGuardStatus: Hashable, Sendable {
    package struct Peer: Hashable, Sendable {
        package fileprivate(set) var endpoint: Endpoint?
        /// Seconds since the epoch; nil before the first handshake.
        package fileprivate(set) var lastHandshake: Int?
        /// Bytes.
        package fileprivate(set) var received: UInt64 = 0
        package fileprivate(set) var sent: UInt64 = 0
        package fileprivate(set) var allowedIPs: Set<IPPrefix> = []
        /// Seconds; 0 is off.
        package fileprivate(set) var persistentKeepalive: UInt16 = 0
        package fileprivate(set) var hasPresharedKey = false
    }

    /// Nil before the engine was given a key.
    package private(set) var publicKey: X25519PublicKey?
    package private(set) var listenPort: UInt16 = 0
    package private(set) var firewallMark: UInt32 = 0
    package private(set) var peers: [X25519PublicKey: Peer] = [:]

    /// Reads the answer to `get=1`: `name=value` lines, ended by an empty one. Source: wireguard.com/xplatform.
    init(parsing bytes: [UInt8]) throws(LinuxNetworkError) {
        var current: X25519PublicKey?
        var code: Int32?
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw .malformedReply("WireGuard status without `=`")
            }
            let name = String(decoding: line[..<equals], as: UTF8.self)
            if name == "private_key" {
                publicKey = Self.publicKey(ofPrivate: line[(equals + 1)...])
                continue
            }
            if name == "preshared_key" {
                let isSet = line[(equals + 1)...].contains { $0 != UInt8(ascii: "0") }
                if let current { peers[current]?.hasPresharedKey = isSet }
                continue
            }
            let value = String(decoding: line[(equals + 1)...], as: UTF8.self)
            switch name {
            case "public_key":
                let key = try Self.key(value)
                guard peers.updateValue(Peer(), forKey: key) == nil else {
                    throw .malformedReply("WireGuard peer twice")
                }
                current = key
            case "listen_port": listenPort = try Self.number(name, value)
            case "fwmark": firewallMark = try Self.number(name, value)
            case "errno": code = try Self.number(name, value)
            default: if let current { try peers[current]?.read(name, value) }
            }
        }
        guard let code else { throw .malformedReply("WireGuard status without errno") }
        guard code == 0 else { throw .engineRefused(errno: code) }
    }

    /// The digits pass through no `String`; what they stand for is wiped.
    private static func publicKey(ofPrivate digits: ArraySlice<UInt8>) -> X25519PublicKey? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        var high: UInt8?
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue, bytes.count < 32 else { break }
            if let first = high { bytes.append(first << 4 | UInt8(value)) }
            high = high == nil ? UInt8(value) : nil
        }
        defer { wipe(&bytes) }
        guard bytes.count == 32, bytes.contains(where: { $0 != 0 }) else { return nil }
        return try? X25519PrivateKey(taking: &bytes).publicKey
    }

    private static func key(_ text: String) throws(LinuxNetworkError) -> X25519PublicKey {
        guard let bytes = Hexadecimal.decode(text), let key = try? X25519PublicKey(bytes) else {
            throw .malformedReply("WireGuard public_key")
        }
        return key
    }

    fileprivate static func number<Value: FixedWidthInteger>(_ name: String, _ text: String) throws(LinuxNetworkError)
        -> Value
    {
        guard let value = Value(text) else { throw .malformedReply("WireGuard \(name)") }
        return value
    }
}

extension WireGuardStatus.Peer {
    /// Unknown names are left out: newer engines may say more.
    fileprivate mutating func read(_ name: String, _ value: String) throws(LinuxNetworkError) {
        switch name {
        // An address with a zone is none that we set or could use.
        case "endpoint": endpoint = Endpoint(value)
        case "last_handshake_time_sec":
            let seconds: Int = try WireGuardStatus.number(name, value)
            lastHandshake = seconds > 0 ? seconds : nil
        case "rx_bytes": received = try WireGuardStatus.number(name, value)
        case "tx_bytes": sent = try WireGuardStatus.number(name, value)
        case "persistent_keepalive_interval": persistentKeepalive = try WireGuardStatus.number(name, value)
        case "allowed_ip":
            guard let prefix = IPPrefix(value) else { throw .malformedReply("WireGuard allowed_ip") }
            allowedIPs.insert(prefix)
        default: break
        }
    }
}
