import SCIM

/// A directory in memory that counts what each request costs.
struct MemoryDirectory: SCIMDirectory {
    private var users: [String: ResourceRecord] = [:]
    private var groups: [String: ResourceRecord] = [:]
    private var order: [ResourceType: [Int: String]] = [:]
    private var userNames: [String: String] = [:]
    private var membersOf: [String: Set<String>] = [:]
    private var groupsOf: [String: Set<String>] = [:]
    private var next = 1
    private let cost = Cost()

    /// Rows written, and memberships read, since the last reset.
    final class Cost {
        var written = 0
        var membersRead = 0
    }

    var rowsWritten: Int { cost.written }
    var membersRead: Int { cost.membersRead }
    func resetCost() {
        cost.written = 0
        cost.membersRead = 0
    }

    var userCount: Int { users.count }
    func memberIDs(_ group: String) -> Set<String> { membersOf[group] ?? [] }

    func record(_ type: ResourceType, id: String) -> ResourceRecord? { type == .user ? users[id] : groups[id] }

    func records(
        _ type: ResourceType, matching lookup: FilterPlan.Lookup?, from start: PageStart, limit: Int
    ) -> [ResourceRecord] {
        let found = candidates(type, lookup)
        switch start {
        case .offset(let offset): return Array(found.dropFirst(offset).prefix(limit))
        case .after(let sequence): return Array(found.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    func count(_ type: ResourceType, matching lookup: FilterPlan.Lookup?) -> Int { candidates(type, lookup).count }

    private func candidates(_ type: ResourceType, _ lookup: FilterPlan.Lookup?) -> [ResourceRecord] {
        switch lookup {
        case .id(let id)?: return record(type, id: id).map { [$0] } ?? []
        case .userName(let folded)?: return userNames[folded].flatMap { users[$0] }.map { [$0] } ?? []
        default:
            let all = (type == .user ? users : groups).values.sorted { $0.sequence < $1.sequence }
            return all.filter { holds(lookup, $0) }
        }
    }

    private func holds(_ lookup: FilterPlan.Lookup?, _ record: ResourceRecord) -> Bool {
        switch lookup {
        case nil: true
        case .id(let id)?: record.id == id
        case .userName(let folded)?: record.userName.map(SCIMText.folded) == folded
        case .externalId(let id)?: record.externalID == id
        case .email(let folded)?: record.emails.contains { SCIMText.folded($0) == folded }
        case .displayName(let folded)?: record.displayName.map(SCIMText.folded) == folded
        case .member(let user)?: membersOf[record.id]?.contains(user) == true
        case .memberOf(let group)?: membersOf[group]?.contains(record.id) == true
        case .active(let isActive)?: record.isActive == isActive
        }
    }

    mutating func insert(_ record: ResourceRecord) {
        cost.written += 1
        let placed = ResourceRecord(
            type: record.type, id: record.id, attributes: record.attributes, created: record.created,
            lastModified: record.lastModified, version: record.version, sequence: next)
        next += 1
        store(placed)
    }

    mutating func update(_ record: ResourceRecord) {
        cost.written += 1
        store(record)
    }

    private mutating func store(_ record: ResourceRecord) {
        switch record.type {
        case .group: groups[record.id] = record
        case .user:
            if let old = users[record.id]?.userName { userNames[SCIMText.folded(old)] = nil }
            users[record.id] = record
            if let name = record.userName { userNames[SCIMText.folded(name)] = record.id }
        }
    }

    mutating func delete(_ type: ResourceType, id: String) -> [String] {
        cost.written += 1
        switch type {
        case .user:
            if let old = users.removeValue(forKey: id)?.userName { userNames[SCIMText.folded(old)] = nil }
            let left = groupsOf.removeValue(forKey: id) ?? []
            for group in left { membersOf[group]?.remove(id) }
            return left.sorted()
        case .group:
            groups[id] = nil
            let left = membersOf.removeValue(forKey: id) ?? []
            for user in left { groupsOf[user]?.remove(id) }
            return left.sorted()
        }
    }

    func existingUsers(among ids: [String]) -> Set<String> { Set(ids.filter { users[$0] != nil }) }

    func members(ofGroup id: String, named: Bool, limit: Int) -> [Reference] {
        let found = (membersOf[id] ?? []).sorted().prefix(limit)
        cost.membersRead += found.count
        return found.map { Reference(id: $0, display: named ? users[$0]?.shownName : nil) }
    }

    func groups(ofUsers ids: [String]) -> [String: [Reference]] {
        var result: [String: [Reference]] = [:]
        for id in ids {
            result[id] = (groupsOf[id] ?? []).sorted().map { Reference(id: $0, display: groups[$0]?.displayName) }
        }
        return result
    }

    mutating func addMembers(_ ids: [String], toGroup group: String) -> [String] {
        var added: [String] = []
        for id in ids where membersOf[group, default: []].insert(id).inserted {
            groupsOf[id, default: []].insert(group)
            added.append(id)
        }
        cost.written += added.count
        return added
    }

    mutating func removeMembers(_ ids: [String], fromGroup group: String) -> [String] {
        var removed: [String] = []
        for id in ids where membersOf[group]?.remove(id) != nil {
            groupsOf[id]?.remove(group)
            removed.append(id)
        }
        cost.written += removed.count
        return removed
    }

    mutating func removeAllMembers(fromGroup group: String) -> [String] {
        removeMembers((membersOf[group] ?? []).sorted(), fromGroup: group)
    }
}
