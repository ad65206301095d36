internal import CXMLSec

/// Our RSA key and its certificate: signs what we send, by RSA-SHA256. May also decrypt, as a `DecryptionKey`.
package struct SigningKey: Sendable {
    let pair: KeyPair
    /// The certificate that goes into our metadata.
    package let certificate: PinnedKey

    /// Both in PEM; the certificate must be that of the key.
    package init(privateKey: [UInt8], certificate: [UInt8]) throws(SignedXMLError) {
        pair = try KeyPair.privateKey(pem: privateKey)
        self.certificate = try PinnedKey(pem: certificate)
        guard pair.family == .rsa else { throw .weakKey }
        guard EVP_PKEY_eq(pair.pointer, self.certificate.key.pointer) == 1 else { throw .unreadableKey }
    }

    /// RSA-SHA256 over bytes as they are, as the HTTP-Redirect binding has it. Source: SAML Bindings §3.4.4.1.
    package func signature(of bytes: [UInt8]) throws(SignedXMLError) -> [UInt8] {
        try XMLSecurity.enter()
        return try pair.signature(of: bytes, by: .rsaSHA256)
    }
}

/// A private key that assertions are encrypted for.
package struct DecryptionKey: Sendable {
    let pair: KeyPair

    /// An RSA key in PEM.
    package init(privateKey: [UInt8]) throws(SignedXMLError) {
        pair = try KeyPair.privateKey(pem: privateKey)
        guard pair.family == .rsa else { throw .weakKey }
    }

    package init(_ key: SigningKey) { pair = key.pair }
}
