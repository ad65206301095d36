import AccessPolicy
import Coordinator
import Identity
import IdentityProviders
import Store

/// The people whom `admins:` of ztna.yaml names and who can sign in: there shall always be one.
struct WorkingAdministrators: Sendable {
    let selectors: [ProviderID: [AdminSelector]]

    init(_ providers: [IdentityProvider]) {
        selectors = Dictionary(providers.map { ($0.id, $0.admins) }) { first, _ in first }
    }

    /// Refuses local groups that make administrators of nobody, where those in force make some.
    func requireSome(
        under new: LocalGroups, instead old: LocalGroups, in store: any Store
    ) async throws {
        // Nothing else in a policy decides who administers.
        guard new.definitions != old.definitions, !selectors.values.allSatisfy(\.isEmpty) else { return }
        let people = try await store.read { reader in
            try reader.people().filter { $0.isActive && !(selectors[$0.provider] ?? []).isEmpty }.map { person in
                (person: person, groups: Set(try reader.memberships(of: person.id).keys))
            }
        }
        func administrators(_ groups: LocalGroups) -> [String] {
            people.filter { isAdministrator($0.person, groups: Self.groups(of: $0.person, $0.groups, groups)) }
                .map { $0.person.email?.text ?? $0.person.displayName }.sorted()
        }
        let before = administrators(old)
        guard !before.isEmpty, administrators(new).isEmpty else { return }
        let shown = before.prefix(10).joined(separator: ", ") + (before.count > 10 ? " and others" : "")
        throw PolicyReloading.Refusal(
            explanation:
                "this policy would leave no administrator: \(shown) would be none any more, because its `groups` define "
                + "otherwise what `admins` in ztna.yaml names")
    }

    func isAdministrator(_ person: PersonRecord, groups: Set<GroupName>) -> Bool {
        (selectors[person.provider] ?? []).contains { selector in
            switch selector {
            case .user(let address): person.email == address
            case .group(let group): groups.contains(group)
            }
        }
    }

    /// The person's groups as a policy sees them.
    static func groups(of person: PersonRecord, _ groups: Set<GroupName>, _ local: LocalGroups) -> Set<GroupName> {
        local.enriched(Principal(of: person, groups: groups)).groups
    }
}
