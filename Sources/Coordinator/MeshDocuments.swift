internal import AccessPolicy
internal import CivilTime
internal import Cryptography
internal import Identity
internal import NetworkAddresses
internal import SignedDocuments
internal import Store
internal import Wire

/// What is signed about nodes under one policy, and by whom: a pure function of facts, roles and time.
struct MeshDocuments: Sendable {
    /// A slice tells the offsets of zones for so long: an agent that is cut off from the server knows no later ones.
    static let zonePast = 40 * 86_400
    static let zoneFuture = 400 * 86_400
    /// Slices with zones are signed again after this.
    static let zoneRefresh = 30 * 86_400

    let issuer: String
    let lifetime: Int
    let signer: any Signer
    /// The prefixes that overlay addresses are taken from; known when the coordinator has started.
    var networks: [IPPrefix] = []

    private(set) var policy: Policy
    private var index: PolicyIndex
    /// Rules that ask from which country, and from which network.
    private var countryRules = RuleSet(PlaceSet(count: 0))
    private var networkRules = RuleSet(PlaceSet(count: 0))

    init(issuer: String, lifetime: Int, signer: any Signer, policy: Policy) {
        self.issuer = issuer
        self.lifetime = lifetime
        self.signer = signer
        self.policy = policy
        index = PolicyIndex(policy, now: 0)
        use(policy)
    }

    mutating func use(_ policy: Policy) {
        self.policy = policy
        index = PolicyIndex(policy, now: 0)
        var (countries, networks) = (PlaceSet(count: policy.rules.count), PlaceSet(count: policy.rules.count))
        for (place, rule) in policy.rules.enumerated() {
            if !rule.conditions.countries.isEmpty { countries.insert(place) }
            if !rule.conditions.networks.isEmpty { networks.insert(place) }
        }
        (countryRules, networkRules) = (RuleSet(countries), RuleSet(networks))
    }

    /// Who is behind the node, in the policy's own groups, too; nil when nobody is.
    func principal(of facts: NodeFacts) -> Principal? { facts.principal.map(policy.localGroups.enriched) }

    func roles(of principal: Principal) -> RuleRoles { index.roles(of: principal) }

    func asksPlace(_ roles: RuleRoles) -> Bool {
        roles.sources.meets(networkRules) || roles.sources.meets(countryRules)
    }

    /// What of a node's place its authorization says: only what a rule asks that names the node as source. Nobody else needs
    /// to know where a person is. `signed` is what it says already: that stays while it is true for half its time.
    func told(_ sighting: Sighting?, roles: RuleRoles, signed: NodeOrigin?, now: Int) -> NodeOrigin? {
        guard let sighting, case let until = end(of: sighting), until > now else { return nil }
        let origin = NodeOrigin(
            address: roles.sources.meets(networkRules) ? sighting.address : nil,
            country: roles.sources.meets(countryRules) ? sighting.country : nil, until: until)
        guard let origin, let signed, signed.address == origin.address, signed.country == origin.country,
            signed.until > now + lifetime / 2
        else { return origin }
        return signed
    }

    /// When a place is unknown again.
    func end(of sighting: Sighting) -> Int { sighting.at + lifetime }

    /// What is signed about a node, without its times.
    func content(of facts: NodeFacts, principal: Principal, origin: NodeOrigin?) -> NodeAuthorization? {
        guard let session = facts.session, let device = try? Ed25519PublicKey(facts.record.devicePublicKey) else {
            return nil
        }
        return NodeAuthorization(
            issuer: issuer, validity: Validity(issuedAt: 0, expiresAt: session.expiresAt), device: device,
            registration: facts.record.registration, addresses: [facts.record.ipv4, facts.record.ipv6],
            principal: principal, session: session.id, authTime: session.authTime, amr: session.amr, acr: session.acr,
            mfaAt: session.mfaAt, sessionStartedAt: session.createdAt, origin: origin,
            isManaged: facts.record.isManaged)
    }

    /// The rules that name the node as source; of their sources only those that it is.
    func egress(of principal: Principal, roles: RuleRoles) -> [Rule] {
        roles.sources.indices.map { place in
            let rule = policy.rules[place]
            return Rule(
                name: rule.name, sources: rule.sources.filter { $0.matches(principal) },
                destinations: rule.destinations, allow: rule.allow, conditions: rule.conditions)
        }
    }

    func slice(for principal: Principal, roles: RuleRoles, issuedAt: Int, now: Int) -> PolicySlice {
        let rules = roles.destinations.indices.map { policy.rules[$0] }
        let egress = egress(of: principal, roles: roles)
        let zones = policy.zones(for: rules + egress).compactMapValues {
            $0.covering(from: now - Self.zonePast, until: now + Self.zoneFuture)
        }
        return PolicySlice(
            issuer: issuer, node: principal.node, issuedAt: issuedAt, revision: policy.revision, rules: rules,
            egress: egress, zones: zones, networks: networks)
    }

    /// Never beyond the session. Errors: `signing`.
    func sign(
        _ content: NodeAuthorization, into node: inout MeshNode, sessionEnd: Int, now: Int
    ) throws(CoordinatorError) {
        var authorization = content
        authorization.validity = Validity(issuedAt: now, expiresAt: min(now + lifetime, sessionEnd))
        do { node.authorization = try authorization.signed(by: signer) } catch { throw .signing("\(error)") }
        node.issuedAt = now
        node.expiresAt = authorization.validity.expiresAt
        node.origin = content.origin
    }

    func sign(_ slice: PolicySlice, into node: inout MeshNode, now: Int) throws(CoordinatorError) {
        do { node.policy = try slice.signed(by: signer) } catch { throw .signing("\(error)") }
        node.refreshPolicyAt = slice.zones.isEmpty ? nil : now + Self.zoneRefresh
    }
}
