/// A fixture account of `IdPFixtures/oidc`, and what its device is called.
struct Person: Hashable, Sendable {
    let index: Int
    let name: String
    let group: String
    let host: String

    static let alice = Person(index: 0, name: "alice", group: "engineering", host: "alice-laptop")
    static let bob = Person(index: 1, name: "bob", group: "interns", host: "bob-laptop")
    /// Her device offers what the others want.
    static let carol = Person(index: 2, name: "carol", group: "contractors", host: "carol-studio")
    static let all = [alice, bob, carol]

    var email: String { "\(name)@example.com" }
    var password: String { "\(name)-password" }
}
