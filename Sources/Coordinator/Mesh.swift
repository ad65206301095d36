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
    /// Those that its policy document holds.
    var rules: [Rule] = []
    var policy = ""
}

/// All authorized nodes under one policy: who sees whom, and the signed documents, each signed once and shown to all.
///
/// Who sees whom is not stored but follows from the rules that name each (`RuleRoles`). Nodes with the same roles see the
/// same peers, so a change of one node asks each group of them once, and then costs what it affects. What a change means
/// for each netmap is collected in `drafts`.
struct Mesh: Sendable {
    private let issuer: String
    private let lifetime: Int
    private let signer: any Signer
    private(set) var policy: Policy
    private(set) var nodes: [NodeID: MeshNode] = [:]
    private var roles: [NodeID: RuleRoles] = [:]
    /// `roles` the other way round; no group is empty.
    private var groups: [RuleRoles: Set<NodeID>] = [:]
    private(set) var drafts: [NodeID: DeltaDraft] = [:]
    /// No policy slice is signed with an earlier time: agents refuse an older one than they hold.
    private(set) var policyTime: Int
    /// The prefixes that overlay addresses are taken from; known when the coordinator has started.
    private var networks: [IPPrefix] = []

    init(configuration: CoordinatorConfiguration, signer: any Signer, policy: Policy, policyTime: Int) {
        issuer = configuration.serverURL
        lifetime = configuration.authorizationLifetime
        self.signer = signer
        self.policy = policy
        self.policyTime = policyTime
    }

    mutating func useNetworks(_ networks: [IPPrefix]) { self.networks = networks }

    mutating func raisePolicyTime(to time: Int) { policyTime = max(policyTime, time) }

    mutating func takeDrafts() -> [NodeID: DeltaDraft] {
        defer { drafts = [:] }
        return drafts
    }

    /// Adds the node or takes its new facts in: signs again what changed, and only that. Errors: `signing`; then the mesh is
    /// as it was.
    mutating func set(_ facts: NodeFacts, now: Int) throws(CoordinatorError) {
        guard let content = content(of: facts), let session = facts.session else {
            remove(facts.record.id)
            return
        }
        let id = facts.record.id
        let old = nodes[id]
        var node = old ?? MeshNode(facts: facts)
        node.facts = facts
        if let old, self.content(of: old.facts) == content {
            nodes[id] = node
            return
        }
        let newRoles = RuleRoles(of: content.principal, in: policy)
        let slice = slice(for: content.principal, now: now)
        let sliceChanged = old == nil || slice.rules != node.rules
        try sign(content, into: &node, sessionEnd: session.expiresAt, now: now)
        if sliceChanged { try sign(slice, into: &node) }
        nodes[id] = node
        policyTime = max(policyTime, slice.issuedAt)
        let oldRoles = roles[id]
        setRoles(of: id, to: newRoles)
        show(id, from: oldRoles, to: newRoles, documentChanged: true)
        guard old != nil else {
            // Its netmap begins with a snapshot of all this.
            drafts[id] = nil
            return
        }
        drafts[id, default: DeltaDraft()].own = true
        if sliceChanged { drafts[id, default: DeltaDraft()].policy = true }
    }

    /// Signs the same content again for another lifetime.
    mutating func renew(_ id: NodeID, sessionEnd: Int, now: Int) throws(CoordinatorError) {
        guard var node = nodes[id], let own = roles[id], let content = content(of: node.facts) else { return }
        try sign(content, into: &node, sessionEnd: sessionEnd, now: now)
        nodes[id] = node
        show(id, from: own, to: own, documentChanged: true)
        drafts[id, default: DeltaDraft()].own = true
    }

    mutating func remove(_ id: NodeID) {
        guard nodes.removeValue(forKey: id) != nil, let old = roles[id] else { return }
        setRoles(of: id, to: nil)
        show(id, from: old, to: nil, documentChanged: false)
        drafts[id] = nil
    }

    /// Recomputes who sees whom; signs the slices that changed. Nodes whose slice cannot be signed are named in the answer
    /// and must be removed: they would go on under the old policy.
    mutating func setPolicy(_ policy: Policy, now: Int) -> [NodeID] {
        self.policy = policy
        let oldRoles = roles
        var unsigned: [NodeID] = []
        for (id, node) in nodes {
            guard let principal = node.facts.principal else { continue }
            setRoles(of: id, to: RuleRoles(of: principal, in: policy))
            let slice = slice(for: principal, now: now)
            guard slice.rules != node.rules else { continue }
            var node = node
            do { try sign(slice, into: &node) } catch { unsigned.append(id) }
            nodes[id] = node
            drafts[id, default: DeltaDraft()].policy = true
        }
        policyTime = max(policyTime, now)
        compare(oldRoles, with: Array(roles))
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
        let spread = max(1, lifetime / 8)
        let share = id.text.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % spread
        return node.issuedAt + lifetime / 2 - share
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
        for (other, members) in groups {
            let did = old?.mayTalk(with: other) ?? false
            let does = old == new ? did : new?.mayTalk(with: other) ?? false
            guard did || does else { continue }
            for peer in members where peer != id {
                if does, documentChanged || !did { drafts[peer, default: DeltaDraft()].change(id) }
                if does, !did { drafts[id, default: DeltaDraft()].change(peer) }
                guard did, !does else { continue }
                drafts[peer, default: DeltaDraft()].remove(id)
                drafts[id, default: DeltaDraft()].remove(peer)
            }
        }
    }

    /// All pairs once, after the policy changed.
    private mutating func compare(_ old: [NodeID: RuleRoles], with new: [(key: NodeID, value: RuleRoles)]) {
        let former = new.map { old[$0.key] }
        for (index, first) in new.enumerated() {
            for other in new.indices.dropFirst(index + 1) {
                let second = new[other]
                let did = former[index].flatMap { left in former[other].map { left.mayTalk(with: $0) } } ?? false
                let does = first.value.mayTalk(with: second.value)
                guard did != does else { continue }
                for (own, peer) in [(first.key, second.key), (second.key, first.key)] {
                    if does {
                        drafts[own, default: DeltaDraft()].change(peer)
                    } else {
                        drafts[own, default: DeltaDraft()].remove(peer)
                    }
                }
            }
        }
    }

    /// What is signed about a node, without its times.
    private func content(of facts: NodeFacts) -> NodeAuthorization? {
        guard let principal = facts.principal, let session = facts.session,
            let device = try? Ed25519PublicKey(facts.record.devicePublicKey)
        else { return nil }
        return NodeAuthorization(
            issuer: issuer, validity: Validity(issuedAt: 0, expiresAt: session.expiresAt), device: device,
            registration: facts.record.registration, addresses: [facts.record.ipv4, facts.record.ipv6],
            principal: principal, session: session.id, authTime: session.authTime, amr: session.amr, acr: session.acr,
            mfaAt: session.mfaAt)
    }

    private func slice(for principal: Principal, now: Int) -> PolicySlice {
        PolicySlice(
            issuer: issuer, node: principal.node, issuedAt: max(now, policyTime), revision: policy.revision,
            rules: policy.rules(for: principal), networks: networks)
    }

    /// Never beyond the session.
    private func sign(
        _ content: NodeAuthorization, into node: inout MeshNode, sessionEnd: Int, now: Int
    ) throws(CoordinatorError) {
        node.issuedAt = now
        node.expiresAt = min(now + lifetime, sessionEnd)
        var authorization = content
        authorization.validity = Validity(issuedAt: node.issuedAt, expiresAt: node.expiresAt)
        do { node.authorization = try authorization.signed(by: signer) } catch { throw .signing("\(error)") }
    }

    private func sign(_ slice: PolicySlice, into node: inout MeshNode) throws(CoordinatorError) {
        do {
            node.policy = try slice.signed(by: signer)
            node.rules = slice.rules
        } catch { throw .signing("\(error)") }
    }
}
