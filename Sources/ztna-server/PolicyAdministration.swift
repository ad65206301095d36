import AccessPolicy
import Coordinator
import Gateway
import Identity
import ServerConfiguration
import Store
import StrictJSON
import Wire

/// The commands about the policy, its history, and access for a time.
struct PolicyAdministration: Sendable {
    /// A longer answer would not fit into one message.
    private static var linesShown: Int { 2000 }

    let policy: PolicyReloading

    var commands: [AdministrationCommand] {
        [
            AdministrationCommand("policy-diff", .administrators) { members, _ in
                try await explained { try await difference(members) }
            },
            AdministrationCommand("policy-apply", .local, changes: true) { members, administrator in
                try await explained {
                    try await policy.apply(
                        Array(try members.string("policy").utf8),
                        name: try members.optionalString("name") ?? "the policy",
                        instead: try members.optionalString("instead"), by: administrator.label,
                        note: try note(members))
                    return try await inForce()
                }
            },
            AdministrationCommand("policy-rollback", .local, changes: true) { members, administrator in
                try await explained {
                    let kept = try await policy.kept(try members.string("revision"))
                    let note = try note(members)
                    try await policy.apply(
                        kept.text, name: "revision \(kept.revision)", instead: try members.optionalString("instead"),
                        by: administrator.label, note: "back to \(kept.revision)" + (note.map { ": \($0)" } ?? ""))
                    return try await inForce()
                }
            },
            AdministrationCommand("policy-history", .administrators) { members, _ in
                let limit = min(max(1, try members.optionalInteger("limit") ?? 50), 500)
                let records = try await policy.store.read { try $0.policyRevisions(last: limit) }
                return .array(records.map(Self.json))
            },
            AdministrationCommand("grants-add", .administrators, changes: true) { members, administrator in
                try await explained { try await add(members, by: administrator.label) }
            },
            AdministrationCommand("grants-list", .administrators) { _, _ in
                .array(await policy.grants.map(Self.json))
            },
            AdministrationCommand("grants-revoke", .administrators, changes: true) { members, administrator in
                try await explained {
                    Self.json(try await policy.revoke(try members.string("grant"), by: administrator.label))
                }
            },
        ]
    }

    private func explained(_ body: () async throws -> JSON) async throws -> JSON {
        do { return try await body() } catch let refusal as PolicyReloading.Refusal {
            throw AdministrationFailure(explanation: refusal.explanation)
        }
    }

    private func note(_ members: JSONMembers) throws -> String? {
        guard let note = try members.optionalString("note"), !note.isEmpty else { return nil }
        return String(note.prefix(500))
    }

    private func inForce() async throws -> JSON {
        ["revision": .string(await policy.document.policy.revision)]
    }

    /// Of a text (`policy`) or of a revision that was in force (`revision`).
    private func difference(_ members: JSONMembers) async throws -> JSON {
        let preview: PolicyReloading.Preview
        if let revision = try members.optionalString("revision") {
            let kept = try await policy.kept(revision)
            preview = try await policy.preview(kept.text, name: "revision \(kept.revision)")
        } else {
            preview = try await policy.preview(
                Array(try members.string("policy").utf8), name: try members.optionalString("name") ?? "the policy")
        }
        let blocks = preview.difference.blocks
        var lines = blocks.prefix(Self.linesShown).map(preview.text.line)
        lines += preview.difference.dormant.prefix(Self.linesShown - lines.count).map(PolicyDifferenceText.line)
        let document = preview.document
        let warnings = document.warnings + (policy.tellsCountries ? [] : document.askingCountriesInVain(.warning))
        let more = blocks.count + preview.difference.dormant.count - lines.count
        return [
            "revision": .string(document.policy.revision),
            "instead": .string(await policy.document.policy.revision), "pairs": .integer(preview.difference.pairs),
            "lines": .array(lines.map { .string($0) }), "more": .integer(more),
            "warnings": .array(warnings.prefix(100).map { .string($0.description) }),
        ]
    }

    private func add(_ members: JSONMembers, by label: String) async throws -> JSON {
        let user = try members.string("user")
        guard let address = EmailAddress(user.hasPrefix("user:") ? String(user.dropFirst(5)) : user) else {
            throw PolicyReloading.Refusal(explanation: "\(user.prefix(80)) is not an e-mail address")
        }
        let destination = try members.string("destination")
        guard let selector = try? Selector(parsing: destination) else {
            throw PolicyReloading.Refusal(
                explanation: "\(destination.prefix(80)) is not tag:NAME, device:NAME, group:NAME or user:ADDRESS")
        }
        let named = await policy.document.services
        var seen: Set<Service> = []
        var allow: [Service] = []
        let words = try members.strings("services")
        guard words.count <= Rule.maximumListLength else { throw Self.tooMany(words.count) }
        for text in words {
            guard let services = named[text] ?? (try? Service(parsing: text)).map({ [$0] }) else {
                throw PolicyReloading.Refusal(
                    explanation:
                        "\(text.prefix(80)) is not tcp/PORT, tcp/FIRST-LAST, udp/PORT, tcp, udp, icmp, any, or a "
                        + "name of the policy's services")
            }
            allow += services.filter { seen.insert($0).inserted }
        }
        // Agents refuse a policy with longer lists, all of it.
        guard !allow.isEmpty else { throw PolicyReloading.Refusal(explanation: "a grant names at least one service") }
        guard allow.count <= Rule.maximumListLength else { throw Self.tooMany(allow.count) }
        let reason = try members.optionalString("reason").map { String($0.prefix(500)) }
        let grant = try await policy.grant(
            to: address, destination: selector, allow: allow, seconds: try members.integer("seconds"), by: label,
            reason: reason)
        var answer = Self.json(grant).objectValue ?? [:]
        if let warning = try await policy.directory()
            .absence(of: selector, policy.document.policy.localGroups)
        {
            answer["warnings"] = [.string(warning)]
        }
        return .object(answer)
    }

    private static func tooMany(_ count: Int) -> PolicyReloading.Refusal {
        PolicyReloading.Refusal(
            explanation: "these are \(count) services, and a grant has at most \(Rule.maximumListLength)")
    }

    private static func json(_ grant: TemporaryGrant) -> JSON {
        [
            "grant": .string(grant.name), "id": .string(grant.id.text), "user": .string(grant.user.text),
            "destination": .string(grant.destination.text),
            "services": .array(grant.allow.map { .string($0.text) }), "created_at": .integer(grant.createdAt),
            "ends_at": .integer(grant.endsAt), "by": .string(grant.by),
            "reason": grant.reason.map { .string($0) } ?? .null,
        ]
    }

    private static func json(_ record: PolicyRevisionRecord) -> JSON {
        [
            "revision": .string(record.revision), "at": .integer(record.at), "by": .string(record.by),
            "note": record.note.map { .string($0) } ?? .null,
        ]
    }
}
