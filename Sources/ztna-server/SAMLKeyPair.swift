import Cryptography
import ServerConfiguration
import SignedXML
import WebAddresses

/// The server's own key towards SAML identity providers: given by the administrator, or kept in the state directory as
/// `saml.key` and `saml.crt`, where the first start makes them.
struct SAMLKeyPair {
    let signingKey: SigningKey
    let certificate: X509Certificate

    /// What the administrator gave, or what an earlier start made; nil when there is neither. `state` is asked for only
    /// when it is needed.
    static func existing(
        _ configuration: ServerConfiguration, in state: @autoclosure () throws(StateDirectory.Failure) -> StateDirectory
    ) throws(StateDirectory.Failure) -> SAMLKeyPair? {
        if let given = configuration.samlKey {
            return try SAMLKeyPair(key: try read(given.key), certificate: try read(given.certificate), names: given.key)
        }
        let state = try state()
        let key = try state.read(keyName, atMost: 64 * 1024, isSecret: true)
        let certificate = try state.read(certificateName, atMost: 64 * 1024, isSecret: false)
        switch (key, certificate) {
        case (nil, nil), (.some, nil): return nil
        case (nil, .some):
            throw StateDirectory.Failure(
                explanation: "\(state.path)/\(certificateName) is there without \(keyName): restore the key from its "
                    + "backup, or remove the certificate and give the new one to every SAML identity provider")
        case (let key?, let certificate?):
            return try SAMLKeyPair(key: key, certificate: certificate, names: "\(state.path)/\(keyName)")
        }
    }

    /// The existing pair, or a new one: RSA of 2,048 bits, its certificate good for ten years.
    static func loadOrMake(
        _ configuration: ServerConfiguration, in state: StateDirectory, now: Int, randomness: Randomness
    ) throws(StateDirectory.Failure) -> SAMLKeyPair {
        if let existing = try existing(configuration, in: state) { return existing }
        do {
            // A crash between the two files leaves the key alone, which then gets its certificate.
            let key: RSAPrivateKey
            if var left = try state.read(keyName, atMost: 64 * 1024, isSecret: true) {
                defer { wipe(&left) }
                key = try left.withUnsafeBytes { try RSAPrivateKey(pem: $0) }
            } else {
                key = try RSAPrivateKey()
                try key.withPEM { try state.write($0, to: keyName) }
            }
            let certificate = try key.selfSignedCertificate(
                commonName: String(configuration.url.host.prefix(59)) + " SAML", now: now, randomness: randomness)
            try Array(certificate.pem.utf8).withUnsafeBytes { try state.write($0, to: certificateName) }
        } catch let failure as StateDirectory.Failure { throw failure } catch {
            throw StateDirectory.Failure(explanation: "\(state.path)/\(keyName) is no usable RSA key")
        }
        guard let made = try existing(configuration, in: state) else {
            throw StateDirectory.Failure(explanation: "\(state.path)/\(keyName) vanished while it was made")
        }
        return made
    }

    private static var keyName: String { "saml.key" }
    private static var certificateName: String { "saml.crt" }

    private init(key: [UInt8], certificate: [UInt8], names: String) throws(StateDirectory.Failure) {
        var key = key
        defer { wipe(&key) }
        do {
            signingKey = try SigningKey(privateKey: key, certificate: certificate)
            guard let first = try X509Certificate.certificates(inFile: certificate).first else {
                throw CryptographyError.invalidCertificate
            }
            self.certificate = first
        } catch {
            throw StateDirectory.Failure(
                explanation:
                    "\(names) and its certificate are no RSA key and its certificate, of 2048 bits or more, in PEM")
        }
    }

    private static func read(_ path: String) throws(StateDirectory.Failure) -> [UInt8] {
        switch Files.ofSystem().read(path, 64 * 1024) {
        case .success(let bytes): return bytes
        case .failure(let failure): throw StateDirectory.Failure(explanation: "the file \(path) \(failure.description)")
        }
    }
}
