internal import CSodium
internal import Crypto

/// SHA-256 and HMAC-SHA-256 over whole byte strings.
package enum Digest {
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        // Through pointers: what takes any sequence of bytes here takes them one by one.
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { Array($0) }
    }

    package static func sha256(_ text: some StringProtocol) -> [UInt8] { sha256(Array(text.utf8)) }
    package static func sha384(_ bytes: [UInt8]) -> [UInt8] { Array(SHA384.hash(data: bytes)) }
    package static func sha512(_ bytes: [UInt8]) -> [UInt8] { Array(SHA512.hash(data: bytes)) }

    package static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        key.withUnsafeBytes { hmacSHA256(bytes, key: $0) }
    }

    /// For a key in locked memory: no other copy of it is left behind.
    package static func hmacSHA256(_ bytes: [UInt8], key: UnsafeRawBufferPointer) -> [UInt8] {
        var state = crypto_auth_hmacsha256_state()
        var code = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_bytes()))
        if let bytes = key.baseAddress?.assumingMemoryBound(to: UInt8.self) {
            crypto_auth_hmacsha256_init(&state, bytes, key.count)
        } else {
            crypto_auth_hmacsha256_init(&state, [], 0)
        }
        crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
        crypto_auth_hmacsha256_final(&state, &code)
        return code
    }
}
