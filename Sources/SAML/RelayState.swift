/// Our opaque handle that a provider gives back: 1…80 bytes of the base64url alphabet. It proves nothing.
///
/// Source: SAML Bindings 2.0 §3.4.3, §3.5.3 (at most 80 bytes).
package struct RelayState: Hashable, Sendable {
    package let text: String

    /// Errors: `relayState`.
    package init(_ text: String) throws(SAMLError) {
        guard (1...80).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { throw .relayState }
        self.text = text
    }
}
