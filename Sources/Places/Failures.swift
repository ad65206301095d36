/// Why a file is no database of places.
package enum PlacesError: Error, Hashable, Sendable {
    /// What the system says.
    case unreadable(String)
    case tooLarge(bytes: Int)
    /// What is wrong with it as a MaxMind DB.
    case malformed(String)
    /// A MaxMind DB of another kind: its own name for what it is.
    case withoutCountries(String)

    package var explanation: String {
        switch self {
        case .unreadable(let reason): "it cannot be read: \(reason)"
        case .tooLarge(let bytes): "it has \(bytes) bytes: more than any database of countries"
        case .malformed(let reason): "it is not a MaxMind DB, or is damaged: \(reason)"
        case .withoutCountries(let type):
            "it tells no countries (its type is \"\(type)\"): take a country or city database, such as GeoLite2-Country.mmdb"
        }
    }
}
