internal import Identity
internal import SCIM
internal import Store
internal import StrictJSON

/// One connection's directory as a request sees it, inside one transaction of the store.
///
/// It remembers who the deleted users were: their sessions end when the request is done. And of a group that lost all its
/// members, who of them is signed in: it may have had a hundred thousand, and to ask for each would hold up other writers.
struct ConnectionDirectory: SCIMDirectory {
    /// A resource has grown beyond this by changes that were each small enough.
    struct TooLarge: Error { let resource: String }
    /// A request that only reads has tried to write.
    struct ReadOnly: Error {}

    static let maximumResourceBytes = 1 << 20

    private let provider: ProviderID
    private let reader: any StoreReader
    private let transaction: (any StoreTransaction)?
    private(set) var departed: [String: PersonID] = [:]
    private(set) var dispersed: [String: Dispersed] = [:]

    struct Dispersed {
        var members: Set<String> = []
        var signedIn: [PersonID] = []
    }

    init(of provider: ProviderID, reading reader: any StoreReader) {
        self.provider = provider
        self.reader = reader
        transaction = nil
    }

    init(of provider: ProviderID, writing transaction: any StoreTransaction) {
        self.provider = provider
        reader = transaction
        self.transaction = transaction
    }

    private func writer() throws -> any StoreTransaction {
        guard let transaction else { throw ReadOnly() }
        return transaction
    }

    func record(_ type: ResourceType, id: String) throws -> ResourceRecord? {
        try reader.resource(type, id: id, of: provider)
    }

    func records(
        _ type: ResourceType, matching lookup: FilterPlan.Lookup?, from start: PageStart, limit: Int
    ) throws -> [ResourceRecord] {
        try reader.resources(type, of: provider, matching: lookup, from: start, limit: limit)
    }

    func count(_ type: ResourceType, matching lookup: FilterPlan.Lookup?) throws -> Int {
        try reader.resourceCount(type, of: provider, matching: lookup)
    }

    mutating func insert(_ record: ResourceRecord) throws {
        try checkSize(record)
        try writer().insert(record, into: provider)
    }

    mutating func update(_ record: ResourceRecord) throws {
        try checkSize(record)
        try writer().update(record, of: provider)
    }

    private func checkSize(_ record: ResourceRecord) throws {
        var weight = 0
        for (name, value) in record.attributes {
            weight += name.utf8.count
            if let text = value.stringValue { weight += text.utf8.count } else { weight += value.encoded().count }
        }
        guard weight <= Self.maximumResourceBytes else { throw TooLarge(resource: record.type.rawValue) }
    }

    mutating func delete(_ type: ResourceType, id: String) throws -> [String] {
        let writer = try writer()
        switch type {
        case .user:
            if let person = try writer.person(ofUser: id, of: provider) { departed[id] = person }
            return try writer.deleteResource(type, id: id, of: provider)
        case .group:
            let signedIn = try reader.peopleSignedIn(inGroup: id, of: provider)
            let members = try writer.deleteResource(type, id: id, of: provider)
            note(members, signedIn, dispersedFrom: id)
            return members
        }
    }

    func existingUsers(among ids: [String]) throws -> Set<String> { try reader.users(among: ids, of: provider) }

    func members(ofGroup id: String, named: Bool, limit: Int) throws -> [Reference] {
        let members = try reader.members(ofGroup: id, of: provider, limit: limit)
        return named ? members : members.map { Reference(id: $0.id, display: nil) }
    }

    func groups(ofUsers ids: [String]) throws -> [String: [Reference]] {
        try reader.groups(ofUsers: ids, of: provider)
    }

    mutating func addMembers(_ ids: [String], toGroup group: String) throws -> [String] {
        try writer().addMembers(ids, toGroup: group, of: provider)
    }

    mutating func removeMembers(_ ids: [String], fromGroup group: String) throws -> [String] {
        try writer().removeMembers(ids, fromGroup: group, of: provider)
    }

    mutating func removeAllMembers(fromGroup group: String) throws -> [String] {
        let signedIn = try reader.peopleSignedIn(inGroup: group, of: provider)
        let members = try writer().removeAllMembers(fromGroup: group, of: provider)
        note(members, signedIn, dispersedFrom: group)
        return members
    }

    private mutating func note(_ members: [String], _ signedIn: [PersonID], dispersedFrom group: String) {
        dispersed[group, default: Dispersed()].members.formUnion(members)
        dispersed[group, default: Dispersed()].signedIn += signedIn
    }
}
