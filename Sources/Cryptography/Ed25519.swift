internal import CSodium

/// A public Ed25519 key: 32 bytes, not yet known to be on the curve; a bad one verifies nothing.
package struct Ed25519PublicKey: Hashable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) throws(CryptographyError) {
        guard bytes.count == 32 else { throw .invalidKey }
        self.bytes = bytes
    }

    /// Source: RFC 8032 §5.1.7; libsodium also refuses small-order keys and non-canonical signatures.
    package func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64, sodium_init() >= 0 else { return false }
        return crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), bytes) == 0
    }
}

/// Signs with one Ed25519 key that may live elsewhere: a file, another process, hardware.
package protocol Signer: Sendable {
    var publicKey: Ed25519PublicKey { get }
    func signature(for message: [UInt8]) throws -> [UInt8]
}

/// An Ed25519 private key in this process's locked memory.
package final class Ed25519PrivateKey: Signer {
    package let publicKey: Ed25519PublicKey
    /// libsodium's form: the seed, then the public key. So a signature costs one multiplication, not two.
    private let secret: SecretBytes

    /// Takes the 32-byte seed out of `source` and wipes it.
    package init(taking source: inout [UInt8]) throws(CryptographyError) {
        guard source.count == 32, sodium_init() >= 0 else { throw .invalidKey }
        var pair = [UInt8](repeating: 0, count: 64)
        var publicBytes = [UInt8](repeating: 0, count: 32)
        guard crypto_sign_ed25519_seed_keypair(&publicBytes, &pair, source) == 0 else { throw .invalidKey }
        wipe(&source)
        secret = try SecretBytes(taking: &pair)
        publicKey = try Ed25519PublicKey(publicBytes)
    }

    package convenience init(from randomness: Randomness) throws(CryptographyError) {
        var bytes = randomness.bytes(32)
        try self.init(taking: &bytes)
    }

    /// Source: RFC 8032 §5.1.6.
    package func signature(for message: [UInt8]) throws -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 64)
        let code = secret.withBytes { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { key in
                key.baseAddress.map { base in
                    crypto_sign_ed25519_detached(&signature, nil, message, UInt64(message.count), base)
                }
            }
        }
        guard code == 0 else { throw CryptographyError.invalidKey }
        return signature
    }

    /// Lends the seed to the key store that writes it down.
    package func withSeed<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try secret.withBytes { try body(UnsafeRawBufferPointer(rebasing: $0.prefix(32))) }
    }
}
