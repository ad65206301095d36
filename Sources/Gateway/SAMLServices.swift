package import SignedXML

/// What signing in by SAML needs of this server: its key, threads for XML, and the files that metadata is in.
package struct SAMLServices: Sendable {
    /// Signs requests, log-outs and metadata; its certificate is in our metadata for both uses.
    package var signingKey: SigningKey
    /// What assertions may be encrypted for: the signing key, and former keys as long as a provider may still use them.
    package var decryptionKeys: [DecryptionKey]
    package var workers: XMLWorkers
    /// Reads a metadata file of at most so many bytes; whoever holds this service knows why it failed.
    package var readFile: @Sendable (_ path: String, _ maximumBytes: Int) throws -> [UInt8]

    package init(
        signingKey: SigningKey, formerKeys: [DecryptionKey] = [], workers: XMLWorkers,
        readFile: @escaping @Sendable (_ path: String, _ maximumBytes: Int) throws -> [UInt8]
    ) {
        self.signingKey = signingKey
        decryptionKeys = [DecryptionKey(signingKey)] + formerKeys
        self.workers = workers
        self.readFile = readFile
    }
}
