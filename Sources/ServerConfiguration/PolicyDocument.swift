package import AccessPolicy
internal import Cryptography
package import Identity
internal import StrictJSON

/// A policy file that may be put in force: the policy, and what the file says beside it.
package struct PolicyDocument: Sendable {
    package let policy: Policy
    /// Who may give a tag to a node and take it away, beside the administrators. A tag that is not here is theirs alone.
    package let tagOwners: [TagName: [Selector]]
    /// Names for services, as rules and tests may use them; `policy` has them written out.
    package let services: [String: [Service]]
    /// What works and should be looked at, in the order of the file.
    package let warnings: [Diagnostic]
    /// The whole file.
    package let bytes: [UInt8]
    /// How diagnostics call it.
    let name: String
    /// In the order of the file.
    let countries: [CountryMention]

    /// A rule asks for countries, this one first.
    struct CountryMention: Sendable {
        let position: Position
        let code: CountryCode
    }

    /// Empty: only administrators.
    package func owners(of tag: TagName) -> [Selector] { tagOwners[tag] ?? [] }

    /// What to say of each place that asks for countries, where no database of places is configured.
    package func askingCountriesInVain(_ severity: Diagnostic.Severity) -> [Diagnostic] {
        guard !countries.isEmpty, case .success(let text) = SourceText.decode(bytes) else { return [] }
        var report = Report(source: SourceText(file: name, text: text))
        let message = "no database tells from which country somebody comes, so nobody is in this one"
        let expected = "in ztna.yaml places: { database: GeoLite2-Country.mmdb }, or here networks such as 192.0.2.0/24"
        for mention in countries {
            let found = "\"\(mention.code.text)\""
            switch severity {
            case .error: report.error(at: mention.position, message, found: found, expected: expected)
            case .warning: report.warning(at: mention.position, message, found: found, expected: expected)
            }
        }
        return report.diagnostics + report.warnings
    }

    /// The policy with some more rules behind its own. Without any it is the file's own policy.
    package func policy(adding rules: [Rule]) -> Policy {
        guard !rules.isEmpty else { return policy }
        var content = Array(policy.revision.utf8)
        for rule in rules { content += rule.json.encoded() }
        return Policy(
            rules: policy.rules + rules, tests: policy.tests, zones: policy.zones, localGroups: policy.localGroups,
            revision: Self.revision(of: content))
    }

    /// The first 16 hexadecimal digits of the SHA-256.
    package static func revision(of bytes: [UInt8]) -> String {
        Digest.sha256(bytes).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// People and groups that the identity providers know, so that a policy which names others is remarked upon.
package struct KnownNames: Sendable {
    package let people: Set<EmailAddress>
    package let groups: Set<GroupName>
    /// Every device, with the person who has it.
    package let devices: [HostName: String]
    /// Those that the policy in force speaks of already.
    package let namedBefore: Set<HostName>

    package init(
        people: Set<EmailAddress>, groups: Set<GroupName>, devices: [HostName: String] = [:],
        namedBefore: Set<HostName> = []
    ) {
        self.people = people
        self.groups = groups
        self.devices = devices
        self.namedBefore = namedBefore
    }
}
