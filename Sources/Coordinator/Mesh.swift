internal import AccessPolicy
internal import Cryptography
internal import Identity
internal import NetworkAddresses
internal import SignedDocuments
internal import Store
internal import Wire

/// One node as it stands in the netmaps: what it is signed for, and what was signed.
struct MeshNode: Sendable {
    var facts: NodeFacts
    var authorization = ""
    var issuedAt = 0
    var expiresAt = 0
    /// What its authorization says of its place.
    var origin: NodeOrigin?
    var policy = ""
    /// When the zones in its policy document are to be told anew; nil: it has none.
    var refreshPolicyAt: Int?
}

/// All authorized nodes under one policy: who sees whom, and the signed documents, each signed once and shown to all.
///
/// Who sees whom is not stored but follows from the rules that name each (`RuleRoles`). Nodes with the same roles see the
/// same peers, so a change of one node asks each group of them once, and then costs what it affects. What a change means
/// for each netmap is collected in `drafts`.
struct Mesh: Sendable {
    private var documents: MeshDocuments
    private(set) var nodes: [NodeID: MeshNode] = [:]
    private var roles: [NodeID: RuleRoles] = [:]
    /// `roles` the other way round; no group is empty.
    private var groups: [RuleRoles: Set<NodeID>] = [:]
    /// Where each node was last heard from, whether or not its authorization says so.
    private var sightings: [NodeID: Sighting] = [:]
    private var drafts: [NodeID: DeltaDraft] = [:]
    /// Nodes of which somebody knows a netmap: for the others there is nothing to tell.
    private var followed: Set<NodeID> = []
    /// No policy slice is signed with an earlier time: agents refuse an older one than they hold.
    private(set) var policyTime: Int

    init(configuration: CoordinatorConfiguration, signer: any Signer, policy: Policy, policyTime: Int) {
        documents = MeshDocuments(
            issuer: configuration.serverURL, lifetime: configuration.authorizationLifetime, signer: signer,
            policy: policy)
        self.policyTime = policyTime
    }

    var policy: Policy { documents.policy }

    mutating func useNetworks(_ networks: [IPPrefix]) { documents.networks = networks }

    mutating func raisePolicyTime(to time: Int) { policyTime = max(policyTime, time) }

    /// From now on, or no longer, `drafts` collects what changes in this node's netmap.
    mutating func setFollowed(_ id: NodeID, _ isFollowed: Bool) {
        if isFollowed { followed.insert(id) } else { followed.remove(id) }
    }

    private mutating func note(_ id: NodeID, _ change: (inout DeltaDraft) -> Void) {
        guard followed.contains(id) else { return }
        change(&drafts[id, default: DeltaDraft()])
    }

    mutating func takeDrafts() -> [NodeID: DeltaDraft] {
        defer { drafts = [:] }
        return drafts
    }

    /// Adds the node or takes its new facts in: signs again what changed, and only that. Errors: `signing`; then the mesh is
    /// as it was.
    mutating func set(_ facts: NodeFacts, now: Int) throws(CoordinatorError) {
        let id = facts.record.id
        guard let principal = documents.principal(of: facts), let session = facts.session else {
            remove(id)
            return
        }
        let newRoles = documents.roles(of: principal)
        let old = nodes[id]
        let origin = documents.told(sightings[id], roles: newRoles, signed: old?.origin, now: now)
        guard let content = documents.content(of: facts, principal: principal, origin: origin) else {
            remove(id)
            return
        }
        var node = old ?? MeshNode(facts: facts)
        node.facts = facts
        if let old, let before = documents.principal(of: old.facts),
            documents.content(of: old.facts, principal: before, origin: old.origin) == content
        {
            nodes[id] = node
            return
        }
        let oldRoles = roles[id]
        let issuedAt = max(now, policyTime)
        let slice = documents.slice(for: principal, roles: newRoles, issuedAt: issuedAt, now: now)
        let sliceChanged = old == nil || self.slice(of: old, oldRoles, issuedAt: issuedAt, now: now) != slice
        try documents.sign(content, into: &node, sessionEnd: session.expiresAt, now: now)
        if sliceChanged {
            try documents.sign(slice, into: &node, now: now)
            policyTime = issuedAt
        }
        nodes[id] = node
        setRoles(of: id, to: newRoles)
        show(id, from: oldRoles, to: newRoles, documentChanged: true)
        guard old != nil else {
            // Its netmap begins with a snapshot of all this.
            drafts[id] = nil
            return
        }
        note(id) { $0.own = true }
        if sliceChanged { note(id) { $0.policy = true } }
    }

    /// Signs the same content again for another lifetime, with what is known of its place now, and the slice where its zones
    /// want to be told anew.
    mutating func renew(_ id: NodeID, sessionEnd: Int, now: Int) throws(CoordinatorError) {
        guard var node = nodes[id], let own = roles[id], let principal = documents.principal(of: node.facts),
            case let origin = documents.told(sightings[id], roles: own, signed: nil, now: now),
            let content = documents.content(of: node.facts, principal: principal, origin: origin)
        else { return }
        try documents.sign(content, into: &node, sessionEnd: sessionEnd, now: now)
        var isRefreshed = false
        if let due = node.refreshPolicyAt, due <= now {
            let issuedAt = max(now, policyTime)
            try documents.sign(
                documents.slice(for: principal, roles: own, issuedAt: issuedAt, now: now), into: &node, now: now)
            policyTime = issuedAt
            isRefreshed = true
        }
        nodes[id] = node
        show(id, from: own, to: own, documentChanged: true)
        note(id) { $0.own = true }
        if isRefreshed { note(id) { $0.policy = true } }
    }

    /// Where a node was heard from. Its authorization is signed again if that says something else then, or would not be
    /// believed much longer. Errors: `signing`; then the place is known, and the next signature will say it.
    mutating func sight(_ id: NodeID, _ sighting: Sighting, now: Int) throws(CoordinatorError) {
        sightings[id] = sighting
        guard var node = nodes[id], let own = roles[id], let session = node.facts.session,
            let principal = documents.principal(of: node.facts)
        else { return }
        let told = documents.told(sighting, roles: own, signed: node.origin, now: now)
        guard told != node.origin,
            let content = documents.content(of: node.facts, principal: principal, origin: told)
        else { return }
        try documents.sign(content, into: &node, sessionEnd: session.expiresAt, now: now)
        nodes[id] = node
        show(id, from: own, to: own, documentChanged: true)
        note(id) { $0.own = true }
    }

    /// Where a node last spoke from, before this server started; what is known since counts more.
    mutating func recall(_ id: NodeID, _ sighting: Sighting) {
        if sightings[id] == nil { sightings[id] = sighting }
    }

    /// A node whose stream is open and comes from there speaks from there still.
    mutating func seeAgain(_ id: NodeID, at address: IPAddress, _ country: CountryCode?, now: Int) {
        sightings[id] = Sighting(address: address, country: country, at: now)
    }

    /// Whether a rule in force asks where this node is.
    func asksPlace(of id: NodeID) -> Bool { roles[id].map(documents.asksPlace) ?? false }

    func sighting(of id: NodeID) -> Sighting? { sightings[id] }

    /// Of all nodes that were heard from.
    var allSightings: [NodeID: Sighting] { sightings }

    /// Everything known of a node as a source, for decisions here.
    func context(of id: NodeID) -> (principal: Principal, context: Context)? {
        guard let node = nodes[id], let principal = documents.principal(of: node.facts),
            let session = node.facts.session
        else { return nil }
        return (
            principal,
            Context(
                authTime: session.authTime, mfaAt: session.mfaAt, sessionStartedAt: session.createdAt,
                address: sightings[id]?.address, country: sightings[id]?.country,
                placeUntil: sightings[id].map(documents.end),
                operatingSystem: NodeRegistration.systemName(of: node.facts.record.operatingSystem),
                isManaged: node.facts.record.isManaged)
        )
    }

    mutating func remove(_ id: NodeID) {
        guard nodes.removeValue(forKey: id) != nil, let old = roles[id] else { return }
        setRoles(of: id, to: nil)
        sightings[id] = nil
        show(id, from: old, to: nil, documentChanged: false)
        drafts[id] = nil
    }

    /// Recomputes who sees whom; signs again exactly those authorizations and slices that say something else under the new
    /// policy. Nodes for which that fails are named in the answer and must be removed: they would go on under the old one.
    mutating func setPolicy(_ policy: Policy, now: Int) -> [NodeID] {
        let former = documents
        let oldRoles = roles
        documents.use(policy)
        policyTime = max(policyTime, now)
        let change = PolicyChange(from: former.policy, to: policy)
        var classes: [RoleChange: [NodeID]] = [:]
        var resigned: [NodeID] = []
        var unsigned: [NodeID] = []
        for (id, node) in nodes {
            guard let before = former.principal(of: node.facts), let principal = documents.principal(of: node.facts),
                let old = oldRoles[id]
            else { continue }
            let new = documents.roles(of: principal)
            setRoles(of: id, to: new)
            classes[RoleChange(old: old, new: roles[id] ?? new), default: []].append(id)
            let origin = documents.told(sightings[id], roles: new, signed: node.origin, now: now)
            guard origin != node.origin || before.groups != principal.groups else { continue }
            do {
                try resign(id, principal: principal, origin: origin, now: now)
                resigned.append(id)
            } catch { unsigned.append(id) }
        }
        for (roles, members) in classes {
            unsigned += replaceSlices(of: members, roles, change, former: former, now: now)
        }
        compare(classes, change)
        for id in resigned {
            guard let own = roles[id] else { continue }
            show(id, from: own, to: own, documentChanged: true)
            note(id) { $0.own = true }
        }
        return unsigned
    }

    /// Everything the node may know now; nil when it is not in the mesh.
    func snapshot(of id: NodeID, epoch: String, sequence: Int) -> NetmapMessage? {
        guard let node = nodes[id], let own = roles[id] else { return nil }
        var peers: [NodeID: String] = [:]
        for (other, members) in groups where own.mayTalk(with: other) {
            for peer in members where peer != id { peers[peer] = nodes[peer]?.authorization }
        }
        return .snapshot(
            epoch: epoch, sequence: sequence, own: node.authorization, peers: peers, policy: node.policy)
    }

    /// The documents that a draft names, as they are now.
    func documents(_ peers: Set<NodeID>) -> [NodeID: String] {
        var result: [NodeID: String] = [:]
        for peer in peers { result[peer] = nodes[peer]?.authorization }
        return result
    }

    /// When the node is to be signed again: from 3/8 to 1/2 of the lifetime, each node at its own moment, so that nodes
    /// that were signed together are not all renewed at once; at the session's end, when no renewal can outlast it.
    func deadline(of id: NodeID, sessionEnd: Int) -> Int? {
        guard let node = nodes[id] else { return nil }
        guard node.expiresAt < sessionEnd else { return sessionEnd }
        let spread = max(1, documents.lifetime / 8)
        let share = id.text.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % spread
        return node.issuedAt + documents.lifetime / 2 - share
    }

    private mutating func setRoles(of id: NodeID, to new: RuleRoles?) {
        if let old = roles[id] {
            groups[old]?.remove(id)
            if groups[old]?.isEmpty == true { groups[old] = nil }
        }
        guard let new else {
            roles[id] = nil
            return
        }
        groups[new, default: []].insert(id)
        // The group's own copy, held once for all its nodes.
        roles[id] = groups.index(forKey: new).map { groups[$0].key } ?? new
    }

    /// One node's roles changed: asks each group of nodes whether they saw each other, and whether they do now.
    private mutating func show(_ id: NodeID, from old: RuleRoles?, to new: RuleRoles?, documentChanged: Bool) {
        guard !followed.isEmpty else { return }
        let isFollowed = followed.contains(id)
        for (other, members) in groups {
            let did = old?.mayTalk(with: other) ?? false
            let does = old == new ? did : new?.mayTalk(with: other) ?? false
            guard did || does else { continue }
            // Only followed netmaps have drafts: a node that nobody follows tells those peers alone that somebody does.
            for peer in isFollowed ? members : members.intersection(followed) where peer != id {
                if does, documentChanged || !did { note(peer) { $0.change(id) } }
                if does, !did { note(id) { $0.change(peer) } }
                guard did, !does else { continue }
                note(peer) { $0.remove(id) }
                note(id) { $0.remove(peer) }
            }
        }
    }

    /// What the node's slice would be if it were signed now; nil when there is no such node.
    private func slice(of node: MeshNode?, _ roles: RuleRoles?, issuedAt: Int, now: Int) -> PolicySlice? {
        guard let node, let roles, let principal = documents.principal(of: node.facts) else { return nil }
        return documents.slice(for: principal, roles: roles, issuedAt: issuedAt, now: now)
    }

    private mutating func resign(
        _ id: NodeID, principal: Principal, origin: NodeOrigin?, now: Int
    ) throws(CoordinatorError) {
        guard var node = nodes[id], let session = node.facts.session,
            let content = documents.content(of: node.facts, principal: principal, origin: origin)
        else { return }
        try documents.sign(content, into: &node, sessionEnd: session.expiresAt, now: now)
        nodes[id] = node
    }
}

/// The roles that a node had under one policy and has under the next.
private struct RoleChange: Hashable {
    let old: RuleRoles
    let new: RuleRoles
}

extension Mesh {
    /// Signs the slices of nodes with the same roles, where they are others than before. Those that cannot be signed.
    private mutating func replaceSlices(
        of members: [NodeID], _ roles: RoleChange, _ change: PolicyChange, former: MeshDocuments, now: Int
    ) -> [NodeID] {
        let all = change.changesSlice(roles.old, roles.new)
        guard all || change.touchesEgress(roles.old, roles.new) else { return [] }
        var unsigned: [NodeID] = []
        for id in members {
            guard var node = nodes[id], let principal = documents.principal(of: node.facts) else { continue }
            if !all, let before = former.principal(of: node.facts) {
                let egress = documents.egress(of: principal, roles: roles.new)
                // Other people came to a rule or left it: that is none of this node's business.
                if former.egress(of: before, roles: roles.old) == egress { continue }
            }
            let slice = documents.slice(for: principal, roles: roles.new, issuedAt: policyTime, now: now)
            do { try documents.sign(slice, into: &node, now: now) } catch { unsigned.append(id) }
            nodes[id] = node
            note(id) { $0.policy = true }
        }
        return unsigned
    }

    /// Who sees whom anew and no more. Only a node that other pairings name than before can be in such a pair, and all nodes
    /// with the same roles, before and now, are in it alike.
    private mutating func compare(_ classes: [RoleChange: [NodeID]], _ change: PolicyChange) {
        let list = classes.map { ($0.key, $0.value, change.movesVisibility($0.key.old, $0.key.new)) }
        for (place, first) in list.enumerated() {
            for second in list[place...] where first.2 || second.2 {
                let did = first.0.old.mayTalk(with: second.0.old)
                let does = first.0.new.mayTalk(with: second.0.new)
                guard did != does else { continue }
                for own in first.1 { for peer in second.1 where peer != own { turn(own, peer, isVisible: does) } }
            }
        }
    }

    private mutating func turn(_ own: NodeID, _ peer: NodeID, isVisible: Bool) {
        for (one, other) in [(own, peer), (peer, own)] {
            if isVisible {
                note(one) { $0.change(other) }
            } else {
                note(one) { $0.remove(other) }
            }
        }
    }
}
