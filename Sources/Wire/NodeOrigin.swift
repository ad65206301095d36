package import AccessPolicy
package import NetworkAddresses
package import StrictJSON

/// Where a device speaks to the server from, and in which country that is, as far as either is known, and until when that is
/// to be believed.
///
/// JSON: `addr` and `country`, at least one of them; `until` in seconds since the epoch. Source: DESIGN §8.
package struct NodeOrigin: Hashable, Sendable {
    package let address: IPAddress?
    package let country: CountryCode?
    package let until: Int

    /// Nil when neither is known.
    package init?(address: IPAddress?, country: CountryCode?, until: Int) {
        guard address != nil || country != nil else { return nil }
        self.address = address
        self.country = country
        self.until = until
    }

    package var json: JSON {
        var members: [String: JSON] = ["until": .integer(until)]
        members["addr"] = address.map { .string($0.description) }
        members["country"] = country.map { .string($0.text) }
        return .object(members)
    }

    /// Errors: `malformed("from")`.
    package init(json: JSON) throws(WireError) {
        guard let members = json.objectValue, let origin = Self(members) else { throw .malformed("from") }
        self = origin
    }

    private init?(_ members: [String: JSON]) {
        var address: IPAddress?
        var country: CountryCode?
        if let value = members["addr"] {
            guard let known = value.stringValue.flatMap({ IPAddress($0) }) else { return nil }
            address = known
        }
        if let value = members["country"] {
            guard let known = value.stringValue.flatMap({ CountryCode($0) }) else { return nil }
            country = known
        }
        guard let until = members["until"]?.integerValue else { return nil }
        self.init(address: address, country: country, until: until)
    }
}
