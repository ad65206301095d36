import Identity

/// Reads `scim:` of an identity provider of either type.
struct ProvisioningKeysReader {
    static var keys: [String] {
        ["enabled", "strict", "match", "hold_removals_above", "put_without_members", "groups"]
    }

    /// Nil when it is switched off, or is no mapping.
    func provisioning(_ node: YAMLNode, _ provider: String, _ report: inout Report) -> ProvisioningConfiguration? {
        guard let section = Section(node, name: provider + ".scim", keys: Self.keys, &report) else { return nil }
        let isEnabled = section.node("enabled").flatMap { report.bool($0) } ?? true
        let isStrict = section.node("strict").flatMap { report.bool($0) } ?? false
        let matches = section.node("match").map { report.values($0, expected: Self.matchWords, Self.parseMatch) }
        let share = section.node("hold_removals_above").flatMap {
            report.value($0, expected: "a share of the people such as 20%, from 1% to 99%", Self.parseShare)
        }
        let omitted = section.node("put_without_members").flatMap {
            report.word($0, among: ProvisioningConfiguration.OmittedMembers.allCases.map { ($0.rawValue, $0) })
        }
        let groups = section.node("groups").flatMap {
            report.word($0, among: ProvisioningConfiguration.Groups.allCases.map { ($0.rawValue, $0) })
        }
        guard isEnabled else { return nil }
        return ProvisioningConfiguration(
            isStrict: isStrict, matches: matches ?? ProvisioningConfiguration.commonMatches, holdRemovalsAbove: share,
            omittedMembers: omitted, groups: groups ?? .scim)
    }

    private static var matchWords: String {
        "pairs such as \"externalId = subject\": externalId, userName or emails, and subject, oid or email"
    }

    private static func parseMatch(_ text: String) -> ProvisioningConfiguration.Match? {
        let halves = text.split(separator: "=", omittingEmptySubsequences: false).map { half in
            String(half.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard halves.count == 2, let attribute = ProvisioningConfiguration.Match.Attribute(rawValue: halves[0]),
            let claim = ProvisioningConfiguration.Match.Claim(rawValue: halves[1])
        else { return nil }
        return ProvisioningConfiguration.Match(attribute, claim)
    }

    private static func parseShare(_ text: String) -> Int? {
        guard text.hasSuffix("%"), let share = Int(text.dropLast()), (1...99).contains(share) else { return nil }
        return share
    }
}
