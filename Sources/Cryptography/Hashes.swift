internal import Crypto

/// SHA-256 and HMAC-SHA-256 over whole byte strings.
package enum Digest {
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
    package static func sha256(_ text: some StringProtocol) -> [UInt8] { sha256(Array(text.utf8)) }
    package static func sha384(_ bytes: [UInt8]) -> [UInt8] { Array(SHA384.hash(data: bytes)) }
    package static func sha512(_ bytes: [UInt8]) -> [UInt8] { Array(SHA512.hash(data: bytes)) }

    package static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        key.withUnsafeBytes { hmacSHA256(bytes, key: $0) }
    }

    /// For a key in locked memory: no other copy of it is left behind.
    package static func hmacSHA256(_ bytes: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
    }
}
