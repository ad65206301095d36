/// A fixture account of `IdPFixtures`, and what its device is called.
struct Person: Hashable, Sendable {
    let index: Int
    let name: String
    /// In order. Those of the company come by SCIM.
    let groups: [String]
    let host: String
    let provider: Provider

    /// Who vouches for them: the company's OpenID provider, or the SAML provider of the company it works with.
    enum Provider: String, Hashable, Sendable {
        case company
        case partner

        var protocolName: String {
            switch self {
            case .company: "OpenID Connect"
            case .partner: "SAML"
            }
        }

        var domain: String {
            switch self {
            case .company: "example.com"
            case .partner: "contractors.example"
            }
        }
    }

    static let alice = Person(
        index: 0, name: "alice", groups: ["engineering"], host: "alice-laptop", provider: .company)
    static let bob = Person(
        index: 1, name: "bob", groups: ["interns", "staff"], host: "bob-laptop", provider: .company)
    /// Her device offers what the others want.
    static let carol = Person(
        index: 2, name: "carol", groups: ["contractors"], host: "carol-studio", provider: .partner)
    static let all = [alice, bob, carol]

    /// The words for them: `interns and staff`.
    var groupNames: String { groups.joined(separator: " and ") }
    var email: String { "\(name)@\(provider.domain)" }
    var password: String { "\(name)-password" }
}
