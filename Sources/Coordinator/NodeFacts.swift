package import Identity
package import Sessions
internal import Store

/// What a session means for its node; leaves out tokens and evidence, which netmaps never need.
package struct SessionTerms: Hashable, Sendable {
    package var id: SessionID
    package var person: PersonID
    package var device: DeviceID
    package var createdAt: Int
    package var expiresAt: Int
    package var authTime: Int?
    package var amr: [String]
    package var acr: String?
    package var mfaAt: Int?
    package var end: Session.End?

    package init(_ session: Session) {
        id = session.id
        person = session.person
        device = session.device
        createdAt = session.createdAt
        expiresAt = session.expiresAt
        authTime = session.authTime
        amr = session.amr
        acr = session.acr
        mfaAt = session.mfaAt
        end = session.end ?? (session.endedAt == nil ? nil : .loggedOut)
    }
}

/// One node and all that decides whether and how it appears in netmaps, as of one moment of the store.
///
/// An object, because the directory and the mesh hold the same.
final class NodeFacts: Sendable {
    let record: NodeRecord
    /// The session of the record, ended or not; nil when there is none.
    let session: SessionTerms?
    let person: PersonRecord?
    let groups: Set<GroupName>

    convenience init(reading record: NodeRecord, from reader: any StoreReader) throws {
        var common = CommonValues()
        try self.init(reading: record, from: reader, sharing: &common)
    }

    convenience init(
        reading record: NodeRecord, from reader: any StoreReader, sharing common: inout CommonValues
    ) throws {
        let session = try record.session.flatMap { try reader.session($0) }
        try self.init(
            record, session: session, person: try session.flatMap { try reader.person($0.person) }, from: reader,
            sharing: &common)
    }

    /// `session` is the record's, and `person` that one's.
    convenience init(_ record: NodeRecord, session: Session?, person: PersonRecord?, from reader: any StoreReader)
        throws
    {
        var common = CommonValues()
        try self.init(record, session: session, person: person, from: reader, sharing: &common)
    }

    private init(
        _ record: NodeRecord, session: Session?, person: PersonRecord?, from reader: any StoreReader,
        sharing common: inout CommonValues
    ) throws {
        var record = record
        record.operatingSystem = common.one(record.operatingSystem)
        var session = session.map(SessionTerms.init)
        if let amr = session?.amr { session?.amr = common.one(amr) }
        // A name that was read from two tables is held once: there are as many facts as nodes.
        if let id = record.session, session?.id == id { session?.id = id }
        if session?.device == record.device { session?.device = record.device }
        if let id = person?.id, session?.person == id { session?.person = id }
        self.record = record
        self.session = session
        self.person = person
        groups = common.one(try session.map { Set(try reader.memberships(of: $0.person).keys) } ?? [])
    }

    func standing(now: Int) -> NodeLifecycle.Standing {
        NodeLifecycle(node: record, holder: session?.person)
            .standing(under: session, personIsActive: person?.isActive ?? false, now: now)
    }

    /// Who is behind the node, as policy and logs see it; nil when nobody is.
    var principal: Principal? {
        guard let person else { return nil }
        return Principal(
            node: record.id, host: record.host, person: person.id, email: person.email, displayName: person.displayName,
            provider: person.provider, groups: groups, tags: record.tags)
    }
}

/// What changed in the store after some point, with everything needed to follow it: read in one transaction.
///
/// A change of a person concerns the nodes with an open session; the end of a session is a change of its own.
struct ChangeBatch: Sendable {
    static let limit = 1000

    /// The last change it covers.
    let through: Int
    /// The last change of the store when it was read: the facts are as of this one.
    let asOf: Int
    /// Whether there may be more.
    let isFull: Bool
    /// The nodes concerned; nil for one that no longer exists.
    let nodes: [NodeID: NodeFacts?]
    /// The sessions concerned: when they expire, nil when they are over.
    let sessions: [SessionID: Int?]

    /// `written`: subjects of which everything is known up to that change, because it was made or read here.
    init(after sequence: Int, written: [ChangeRecord.Subject: Int] = [:], from reader: any StoreReader) throws {
        let changes = try reader.changes(after: sequence, limit: Self.limit)
        let news = changes.filter { change in written[change.subject].map { change.sequence > $0 } ?? true }
        var nodes: Set<NodeID> = []
        var sessions: [SessionID: Int?] = [:]
        for subject in Set(news.map(\.subject)) {
            switch subject {
            case .node(let id): nodes.insert(id)
            case .session(let id):
                let session = try reader.session(id)
                sessions.updateValue(session?.endedAt == nil ? session?.expiresAt : nil, forKey: id)
                if let device = session?.device, let node = try reader.node(device: device) { nodes.insert(node.id) }
            case .person(let id):
                for session in try reader.openSessions(of: id) {
                    if let node = try reader.node(device: session.device) { nodes.insert(node.id) }
                }
            }
        }
        through = changes.last?.sequence ?? sequence
        isFull = changes.count >= Self.limit
        asOf = isFull ? try reader.lastChangeSequence() : through
        self.sessions = sessions
        var facts: [NodeID: NodeFacts?] = [:]
        var common = CommonValues()
        for id in nodes {
            facts.updateValue(
                try reader.node(id).map { try NodeFacts(reading: $0, from: reader, sharing: &common) }, forKey: id)
        }
        self.nodes = facts
    }
}
