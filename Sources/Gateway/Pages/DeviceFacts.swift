/// What a person is shown about the device that asks, so as to know whether it is theirs.
///
/// Source: RFC 8628 §5.4, RFC 10027.
package struct DeviceFacts: Sendable {
    let name: ShownText
    let operatingSystem: ShownText
    let address: ShownText
    let requestedAt: ShownText
    let requestedAgo: ShownText
    let fingerprintWords: [ShownText]
    let fingerprint: ShownText
    let userCode: ShownText

    /// - Parameters:
    ///   - address: where the request came from.
    ///   - requestedAt: the time of the request, ready to show: "14:02 UTC".
    ///   - requestedAgo: the same, relative: "2 minutes ago".
    ///   - fingerprintWords: the device key's fingerprint as words.
    ///   - fingerprint: the device key's fingerprint, shortened.
    ///   - userCode: with its dash: "BCDF-GHJK".
    package init(
        name: String, operatingSystem: String, address: String, requestedAt: String, requestedAgo: String,
        fingerprintWords: [String], fingerprint: String, userCode: String
    ) {
        self.name = ShownText(name)
        self.operatingSystem = ShownText(operatingSystem)
        self.address = ShownText(address)
        self.requestedAt = ShownText(requestedAt)
        self.requestedAgo = ShownText(requestedAgo)
        self.fingerprintWords = fingerprintWords.map(ShownText.init)
        self.fingerprint = ShownText(fingerprint)
        self.userCode = ShownText(userCode)
    }
}
