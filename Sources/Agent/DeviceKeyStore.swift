package import Cryptography

/// Where the device key lives: a file here; a TPM, keyring or token elsewhere. The key itself never comes out.
package protocol DeviceKeyStore: Sendable {
    /// The device's key, made at the first call ever.
    func deviceKey() throws(StateError) -> any Signer
}

/// The device key in a file that only the agent's user can read.
///
/// `device.key`: the 32-byte seed in base64url and a line end. Source: RFC 8032 §5.1.5.
package struct FileDeviceKeyStore: DeviceKeyStore {
    package static let fileName = "device.key"
    private let directory: StateDirectory
    private let randomness: Randomness

    package init(in directory: StateDirectory, randomness: Randomness) {
        self.directory = directory
        self.randomness = randomness
    }

    package func deviceKey() throws(StateError) -> any Signer {
        if var seed = try KeyFile.read(Self.fileName, in: directory) {
            do { return try Ed25519PrivateKey(taking: &seed) } catch { throw .cryptography(error) }
        }
        let key: Ed25519PrivateKey
        do { key = try Ed25519PrivateKey(from: randomness) } catch { throw .cryptography(error) }
        var seed = key.withSeed { Array($0) }
        try KeyFile.write(&seed, to: Self.fileName, in: directory)
        return key
    }
}

/// The node key of WireGuard, in `wireguard.key` of the same form.
package enum WireGuardKeyFile {
    package static let fileName = "wireguard.key"

    package static func key(in directory: StateDirectory, randomness: Randomness) throws(StateError) -> X25519PrivateKey
    {
        if var bytes = try KeyFile.read(fileName, in: directory) {
            do { return try X25519PrivateKey(taking: &bytes) } catch { throw .cryptography(error) }
        }
        let key: X25519PrivateKey
        do { key = try X25519PrivateKey(from: randomness) } catch { throw .cryptography(error) }
        var bytes = key.withBytes { Array($0) }
        try KeyFile.write(&bytes, to: fileName, in: directory)
        return key
    }
}

/// 32 secret bytes as one line of base64url.
private enum KeyFile {
    static func read(_ name: String, in directory: StateDirectory) throws(StateError) -> [UInt8]? {
        guard var content = try directory.read(name) else { return nil }
        defer { wipe(&content) }
        guard content.last == UInt8(ascii: "\n"), let bytes = Base64URL.decode(content.dropLast()), bytes.count == 32
        else { throw .corrupted(path: directory.location(of: name), member: "key") }
        return bytes
    }

    /// Wipes `secret`.
    static func write(_ secret: inout [UInt8], to name: String, in directory: StateDirectory) throws(StateError) {
        var content = Array(Base64URL.encode(secret).utf8) + [UInt8(ascii: "\n")]
        defer {
            wipe(&secret)
            wipe(&content)
        }
        try directory.write(content, to: name)
    }
}
