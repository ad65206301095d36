import Cryptography
import Foundation
import Identity
import SAML
import SignedXML
import StrictJSON
import WebAddresses

/// Files of the repository that tests of several modules share.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: root.appending(path: path))) }

    static func json(_ path: String) throws -> JSONMembers {
        try JSONMembers(parsing: bytes(path), maximumBytes: 1 << 24)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    /// A PKCS#8 key in PEM or DER.
    static func decryptionKey(_ path: String) throws -> DecryptionKey {
        let bytes = try bytes(path)
        guard bytes.first == 0x30 else { return try DecryptionKey(privateKey: bytes) }
        let mark = "PRIVATE" + " KEY-----"
        let pem = "-----BEGIN \(mark)\n\(Base64Text.encode(bytes))\n-----END \(mark)\n"
        return try DecryptionKey(privateKey: Array(pem.utf8))
    }

    static func certificate(_ path: String) throws -> [UInt8] { try PinnedKey(pem: bytes(path)).certificate }

    /// `a/b` and `../c` is `a/c`.
    static func path(_ folder: String, _ relative: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in relative.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }
}

/// Reproducible: SplitMix64 (Steele, Lea, Flood 2014), seeded by the test.
struct Mutator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound == 0 ? 0 : Int(next() % UInt64(bound)) }

    /// One to three edits: a bit, a byte, a cut, a repetition, a character that markup cares about.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(3) where !bytes.isEmpty {
            let index = below(bytes.count)
            switch below(6) {
            case 0: bytes[index] ^= 1 << UInt8(below(8))
            case 1: bytes[index] = UInt8(below(256))
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(Array("<>/=\"'&;:#![]- _x".utf8)[below(17)], at: index)
            case 4: bytes.removeSubrange(index..<min(bytes.count, index + 1 + below(60)))
            default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 1 + below(60))], at: index)
            }
        }
        return bytes
    }
}
