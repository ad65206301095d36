internal import CivilTime
internal import NetworkAddresses

extension Conditions {
    /// As part of a sentence: "MFA within 1h, hours Mon-Fri 08:00-19:00 Europe/Berlin"; empty without conditions.
    package var words: String {
        var parts: [String] = []
        if let mfa { parts.append("MFA within \(ConditionFailure.duration(mfa))") }
        if let authAge { parts.append("a sign-in within \(ConditionFailure.duration(authAge))") }
        if let sessionAge { parts.append("a session younger than \(ConditionFailure.duration(sessionAge))") }
        if !posture.isEmpty { parts.append("checks " + posture.map(\.text).joined(separator: " and ")) }
        if let hours { parts.append("hours \(hours.text)") }
        if !countries.isEmpty || !networks.isEmpty {
            let places = countries.sorted().map(\.text) + networks.map(\.description)
            parts.append("from " + places.joined(separator: " or "))
        }
        if !operatingSystems.isEmpty { parts.append("on " + operatingSystems.sorted().joined(separator: " or ")) }
        if let managed { parts.append(managed ? "managed devices" : "devices that are not managed") }
        if let until { parts.append("until \(ConditionFailure.utc(until))") }
        return parts.joined(separator: ", ")
    }
}
