/// A device, named by the thumbprint of its Ed25519 key: 43 base64url characters (SHA-256).
///
/// Source: RFC 7638 (JWK thumbprint), RFC 8037 §2 (OKP); the value of `jkt` in RFC 9449 §6.
package struct DeviceID: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let thumbprint: String

    package init?(_ thumbprint: String) {
        guard thumbprint.utf8.count == 43,
            thumbprint.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { return nil }
        self.thumbprint = thumbprint
    }

    package var description: String { thumbprint }
    package static func < (left: DeviceID, right: DeviceID) -> Bool { left.thumbprint < right.thumbprint }
}
