package import NetworkAddresses

/// What is known about the source besides who it is: the facts that conditions ask for. Absent is never good enough.
///
/// Times are seconds since the epoch.
package struct Context: Hashable, Sendable {
    /// When the person last proved who they are to their identity provider.
    package var authTime: Int?
    /// When they last did so with more than one factor, as their provider tells.
    package var mfaAt: Int?
    package var sessionStartedAt: Int?
    package var posture: PostureReport?
    /// Where the device speaks to the server from.
    package var address: IPAddress?
    package var country: CountryCode?
    /// From then on nobody knows where it is, unless it is told anew; nil: what is known stays so.
    package var placeUntil: Int?
    /// As its registration says: "linux".
    package var operatingSystem: String?
    /// An administrator said so.
    package var isManaged: Bool?

    package init(
        authTime: Int? = nil, mfaAt: Int? = nil, sessionStartedAt: Int? = nil, posture: PostureReport? = nil,
        address: IPAddress? = nil, country: CountryCode? = nil, placeUntil: Int? = nil, operatingSystem: String? = nil,
        isManaged: Bool? = nil
    ) {
        self.authTime = authTime
        self.mfaAt = mfaAt
        self.sessionStartedAt = sessionStartedAt
        self.posture = posture
        self.address = address
        self.country = country
        self.placeUntil = placeUntil
        self.operatingSystem = operatingSystem
        self.isManaged = isManaged
    }

    /// Nothing is known: only rules without conditions on the source hold.
    package static var unknown: Context { Context() }
}
