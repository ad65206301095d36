import AccessPolicy
import Coordinator
import Cryptography
import Identity
import ServerConfiguration
import Store

extension TemporaryGrant {
    static var longest: Int { 30 * 86_400 }
    static var shortest: Int { 60 }
    /// Open at once, at most.
    static var limit: Int { 1000 }

    /// What it is called in rules, logs and commands.
    var name: String {
        TemporaryGrantName.prefix
            + Digest.sha256(id.text).prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Nil never happens for a stored grant: its name is made of letters that rule names have.
    var rule: Rule? {
        guard let name = try? RuleName(name) else { return nil }
        var conditions = Conditions()
        conditions.until = endsAt
        return Rule(
            name: name, sources: [.user(user)], destinations: [destination], allow: allow, conditions: conditions)
    }
}

/// Access of one person for a time.
extension PolicyReloading {
    /// In force when it returns. Refused: nobody active has the address, or more than one person; everything as destination;
    /// longer than 30 days.
    func grant(
        to user: EmailAddress, destination: Selector, allow: [Service], seconds: Int, by: String, reason: String?
    ) async throws -> TemporaryGrant {
        guard destination != .everyone else {
            throw Refusal(
                explanation: "a grant names its destination: tag:NAME, device:NAME, group:NAME or user:ADDRESS")
        }
        guard (TemporaryGrant.shortest...TemporaryGrant.longest).contains(seconds) else {
            throw Refusal(explanation: "a grant lasts from one minute to 30 days")
        }
        let now = clock()
        let people = try await store.read { try $0.people() }.filter { $0.isActive && $0.email == user }
        guard let person = people.first else {
            throw Refusal(explanation: "nobody active has the address \(user): a grant is for somebody who can sign in")
        }
        guard people.count == 1 else {
            throw Refusal(
                explanation: "\(people.count) people have the address \(user), of "
                    + people.map(\.provider.text).sorted().joined(separator: " and ") + ": a grant is for one person")
        }
        guard let id = RecordID(randomness.token(16)) else { throw Refusal(explanation: "no random numbers") }
        let grant = TemporaryGrant(
            id: id, person: person.id, user: user, destination: destination, allow: allow, createdAt: now,
            endsAt: now + seconds, by: by, reason: reason)
        // Others may be granting at this moment: the transaction counts.
        guard try await store.write({ try $0.add(grant, atMost: TemporaryGrant.limit) }) else {
            throw Refusal(explanation: "\(TemporaryGrant.limit) grants are open: revoke some, or write a rule")
        }
        grants.append(grant)
        await putInForce()
        return grant
    }

    /// By its name or id. Refused: there is no such open grant.
    func revoke(_ text: String, by: String) async throws -> TemporaryGrant {
        guard let index = grants.firstIndex(where: { $0.name == text || $0.id.text == text }) else {
            throw Refusal(explanation: "no grant that is open is called \(text.prefix(80))")
        }
        var grant = grants[index]
        grant.revokedAt = clock()
        grant.revokedBy = by
        let revoked = grant
        try await store.write { try $0.save(revoked) }
        grants.removeAll { $0.id == revoked.id }
        await putInForce()
        return revoked
    }
}
