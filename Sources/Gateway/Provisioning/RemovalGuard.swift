internal import Identity
internal import SCIM
internal import Store

/// Holds back a sync that removes too many people at once: a mistake at the identity provider, not a day's leavers.
///
/// Counted are the distinct users whom requests have deactivated, deleted or removed from a group within the last hour,
/// this request's included. When they are two or more, and more than the configured share of the connection's users, the
/// request changes nothing and is refused until an administrator confirms; then everything passes for an hour. A single
/// person's removal never waits.
struct RemovalGuard {
    /// The request is held back: `people` of `total` would be removed within the hour.
    struct Held: Error {
        let people: Int
        let total: Int
    }

    static let window = 3600
    /// Seconds for which a confirmation holds.
    static let confirmed = 3600

    let provider: ProviderID
    /// In percent; nil: off.
    let share: Int?
    let now: Int

    /// Throws `Held`; else notes the removals. Runs in the request's transaction, after its changes.
    func check(_ effects: [SCIMEffect], in transaction: any StoreTransaction) throws {
        guard let share else { return }
        let removed = Self.removed(by: effects)
        guard !removed.users.isEmpty else { return }
        let isConfirmed = try transaction.removalHolds(of: provider).contains { hold in
            hold.confirmedAt.map { now < $0 + Self.confirmed } ?? false
        }
        if !isConfirmed {
            let total = try transaction.resourceCount(.user, of: provider, matching: nil) + removed.deleted
            let people = try transaction.usersRemoved(of: provider, since: now - Self.window).union(removed.users).count
            let (part, overflow) = people.multipliedReportingOverflow(by: 100)
            if people >= 2, overflow || part > share * total { throw Held(people: people, total: total) }
        }
        try transaction.noteRemovals(of: removed.users, of: provider, at: now)
    }

    /// Records that a request was held back. True when nobody has been told of it yet.
    func hold(_ held: Held, newID: RecordID, in transaction: any StoreTransaction) throws -> (RemovalHold, isNew: Bool)
    {
        let open = try transaction.removalHolds(of: provider).first { hold in
            hold.confirmedAt == nil && now < hold.lastAt + 86_400
        }
        var hold =
            open
            ?? RemovalHold(
                id: newID, provider: provider, createdAt: now, lastAt: now, people: held.people, total: held.total)
        hold.lastAt = now
        hold.people = max(hold.people, held.people)
        hold.total = held.total
        try transaction.save(hold)
        return (hold, open == nil)
    }

    private static func removed(by effects: [SCIMEffect]) -> (users: Set<String>, deleted: Int) {
        var users: Set<String> = []
        var deleted = 0
        for effect in effects {
            switch effect {
            case .userDeactivated(let id): users.insert(id)
            case .userDeleted(let id, _):
                users.insert(id)
                deleted += 1
            case .groupDeleted(_, let members): users.formUnion(members)
            case .membersRemoved(_, let members): users.formUnion(members)
            case .userCreated, .userChanged, .userReactivated, .groupCreated, .groupChanged, .groupRenamed,
                .membersAdded:
                break
            }
        }
        return (users, deleted)
    }
}
