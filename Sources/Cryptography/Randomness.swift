internal import CSodium

/// Where random bytes come from; passed in, so that tests choose them.
package struct Randomness: Sendable {
    private let fill: @Sendable (Int) -> [UInt8]

    package init(_ fill: @escaping @Sendable (Int) -> [UInt8]) { self.fill = fill }

    package func bytes(_ count: Int) -> [UInt8] { fill(count) }

    /// `count` random bytes in base64url: a bearer value or identifier.
    package func token(_ count: Int = 32) -> String { Base64URL.encode(fill(count)) }

    /// 127 random bits in base64url for what an administrator types: it begins with a letter, never like an option.
    package func identifier() -> String {
        var bytes = fill(16)
        if let first = bytes.first { bytes[0] = first & 0x7F }
        return Base64URL.encode(bytes)
    }

    /// The kernel's generator, through libsodium.
    package static let system = Randomness { count in
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            randombytes_buf(base, buffer.count)
        }
        return bytes
    }

    /// A uniform number in `0..<bound` by rejection; 0 when `bound` is 0.
    package func uniform(below bound: UInt32) -> UInt32 {
        guard bound > 1 else { return 0 }
        let limit = UInt32.max - (UInt32.max % bound + 1) % bound
        while true {
            let value = fill(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            if value <= limit { return value % bound }
        }
    }
}
