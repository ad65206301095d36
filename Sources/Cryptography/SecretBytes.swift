internal import CSodium

/// Key material: in locked memory, wiped at the end of its life, never copied or printed.
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    private let storage: UnsafeMutableRawPointer
    package let count: Int

    /// Takes the bytes out of `source` and wipes it.
    package init(taking source: inout [UInt8]) throws(CryptographyError) {
        guard sodium_init() >= 0, let memory = sodium_malloc(source.count) else { throw .outOfLockedMemory }
        storage = memory
        count = source.count
        source.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            memory.copyMemory(from: base, byteCount: bytes.count)
            sodium_memzero(base, bytes.count)
        }
    }

    /// Same bytes; takes the same time either way.
    package borrowing func matches(_ other: borrowing SecretBytes) -> Bool {
        count == other.count && sodium_memcmp(storage, other.storage, count) == 0
    }

    /// Lends the bytes for the length of `body`; they must not escape it.
    package borrowing func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage, count: count))
    }

    deinit { sodium_free(storage) }
}

/// Compares two public-length byte strings in constant time: tokens' hashes, cookies, CSRF tokens.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && sodium_memcmp(left, right, left.count) == 0
}

/// Overwrites bytes that held a secret.
package func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return }
        sodium_memzero(base, buffer.count)
    }
}
