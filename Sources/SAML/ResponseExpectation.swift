package import SignedXML
package import WebAddresses

/// What a response must fit: whom was asked, by whom, when, and for which request of this browser.
package struct ResponseExpectation: Sendable {
    package var provider: SAMLProviderConfiguration
    package var idp: IdPDescription
    package var spEntityID: String
    package var acsURL: EndpointURL
    /// The ID of this browser's one-use request.
    package var requestID: String
    /// When that request was made, in seconds since the epoch; a new authentication must not be older.
    package var requestedAt: Int
    /// Whether the request had `ForceAuthn`.
    package var forcedAuthentication: Bool
    package var now: Int
    package var decryptionKeys: [DecryptionKey]
    package var limits: XMLLimits
    /// How far clocks may differ, in seconds.
    package var skew: Int

    package init(
        provider: SAMLProviderConfiguration, idp: IdPDescription, spEntityID: String, acsURL: EndpointURL,
        requestID: String, requestedAt: Int, forcedAuthentication: Bool = false, now: Int,
        decryptionKeys: [DecryptionKey] = [], limits: XMLLimits = XMLLimits(), skew: Int = 60
    ) {
        self.provider = provider
        self.idp = idp
        self.spEntityID = spEntityID
        self.acsURL = acsURL
        self.requestID = requestID
        self.requestedAt = requestedAt
        self.forcedAuthentication = forcedAuthentication
        self.now = now
        self.decryptionKeys = decryptionKeys
        self.limits = limits
        self.skew = skew
    }

    var policy: AlgorithmPolicy {
        AlgorithmPolicy(allowsSHA1: provider.allowsSHA1, allowsCBC: provider.allowsCBC)
    }
}
