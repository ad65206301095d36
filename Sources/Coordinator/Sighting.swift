internal import AccessPolicy
internal import NetworkAddresses

/// Where a device last spoke to the server from, and when that was.
///
/// It is believed for as long as an authorization is, from then on: a device that is in the mesh speaks to the server more
/// often than that, and where one is that does not nobody knows.
struct Sighting: Hashable, Sendable {
    var address: IPAddress
    var country: CountryCode?
    /// Seconds since the epoch.
    var at: Int
}
