import AccessPolicy
import Coordinator
import Glibc
import Identity
import ServerConfiguration
import Store

/// What another policy would change, and putting it in the place of the file.
extension PolicyReloading {
    /// People and groups, for warnings; and everybody and everything, for the difference.
    func directory() async throws -> PolicyDirectory {
        PolicyDirectory(
            people: try await coordinator.people(), nodes: try await coordinator.nodes(),
            namedBefore: await coordinator.policy.namedDevices)
    }

    /// Beside the actor: a large policy takes a second, for which nothing else shall wait.
    private nonisolated func parsed(
        _ bytes: [UInt8], name: String, known: KnownNames?
    ) async throws(Refusal) -> PolicyDocument {
        switch PolicyFile.read(bytes, name: name, files: .ofSystem(), now: clock(), known: known) {
        case .success(let document): return document
        case .failure(let invalid): throw Refusal(explanation: invalid.description)
        }
    }

    struct Preview: Sendable {
        let document: PolicyDocument
        let difference: PolicyDifference
        let text: PolicyDifferenceText
    }

    /// What would change for whom. Refused: a text that is no policy, and one that leaves no administrator.
    func preview(_ bytes: [UInt8], name: String) async throws -> Preview {
        let directory = try await directory()
        let document = try await parsed(bytes, name: name, known: directory.known)
        try await administrators.requireSome(
            under: document.policy.localGroups, instead: self.document.policy.localGroups, in: store)
        return await compared(document, to: self.document.policy, in: directory)
    }

    /// Beside the actor, too.
    private nonisolated func compared(
        _ document: PolicyDocument, to old: Policy, in directory: PolicyDirectory
    ) async -> Preview {
        let new = document.policy
        let sources = directory.people + directory.sources(named: [old, new])
        return Preview(
            document: document,
            difference: PolicyDifference(from: old, to: new, sources: sources, destinations: directory.devices),
            text: PolicyDifferenceText(sources: sources, destinations: directory.devices, policy: new))
    }

    /// Replaces the policy file, and puts it in force. `instead`: the revision that the difference was shown against.
    func apply(_ bytes: [UInt8], name: String, instead revision: String?, by: String, note: String?) async throws {
        let document = try await parsed(bytes, name: name, known: try await directory().known)
        if let revision, revision != self.document.policy.revision {
            throw Refusal(explanation: "the policy has changed meanwhile: look at the difference again")
        }
        let path = path
        try await put(document, by: by, note: note, instead: turn) { () throws(Refusal) in
            do throws(FileReplacement.Failure) { try FileReplacement.replace(path, with: bytes) } catch {
                throw Refusal(explanation: error.explanation)
            }
        }
    }

    /// The file that had this revision, or one that begins so.
    func kept(_ revision: String) async throws -> PolicyRevisionRecord {
        guard revision.utf8.count >= 4,
            let record = try await store.read({ try $0.policyRevision(beginning: revision) })
        else {
            throw Refusal(
                explanation: "no policy that was in force and is kept has a revision that begins with "
                    + revision.prefix(40))
        }
        return record
    }
}

/// Everybody and everything, as policies see them.
struct PolicyDirectory: Sendable {
    let known: KnownNames
    let people: [PolicyParty]
    /// Every node with the person who has it.
    let devices: [PolicyParty]

    init(people listings: [PersonListing], nodes: [NodeListing], namedBefore: Set<HostName>) {
        known = KnownNames(
            people: Set(listings.compactMap(\.person.email)), groups: Set(listings.flatMap(\.groups.keys)),
            devices: Dictionary(nodes.map { ($0.host, $0.label ?? "nobody known") }) { first, _ in first },
            namedBefore: namedBefore)
        people = listings.filter(\.person.isActive).map { listing in
            PolicyParty(
                name: listing.person.email.map { "user:\($0)" } ?? listing.person.displayName,
                principal: Principal(of: listing.person, groups: Set(listing.groups.keys)), isPerson: true)
        }
        let owners = Dictionary(listings.map { ($0.person.id, $0) }) { first, _ in first }
        devices = nodes.map { node in
            let owner = node.person.flatMap { owners[$0] }
            var principal =
                owner.map { Principal(of: $0.person, groups: Set($0.groups.keys)) } ?? Principal(describedBy: [])
            principal.node = node.id
            principal.host = node.host
            principal.tags = node.tags
            return PolicyParty(name: "device:\(node.host)", principal: principal, isPerson: false)
        }
    }

    /// What to say of a destination that nothing is now; nil when something is. It may come to be.
    func absence(of destination: Selector, _ groups: LocalGroups) -> String? {
        let isThere = devices.contains { destination.matches(groups.enriched($0.principal)) }
        return isThere ? nil : "no device is \(destination.text) now: this opens nothing until one is"
    }

    /// Devices that may reach more than their person: by a tag, or because a policy names them as sources.
    func sources(named policies: [Policy]) -> [PolicyParty] {
        var hosts: Set<HostName> = []
        for selector in policies.flatMap({ $0.rules.flatMap(\.sources) + $0.localGroups.definitions.values.joined() }) {
            if case .device(let host) = selector { hosts.insert(host) }
        }
        return devices.filter { !$0.principal.tags.isEmpty || hosts.contains($0.principal.host) }
    }
}
