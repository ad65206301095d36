import StrictJSON

/// Single resources: GET, and the answer to a write. Source: RFC 7644 §3.4.1, §3.14.
extension SCIMService {
    func read(
        _ record: ResourceRecord, _ command: Command, in directory: some SCIMDirectory
    ) throws -> SCIMResponse {
        if let tag = command.ifNoneMatch, EntityTagCondition.matches(tag, record.entityTag) {
            return SCIMResponse(status: 304, headers: ["ETag": record.entityTag])
        }
        let projection = try projection(command, record.type)
        let resource = try full([record], projection, in: directory)
        return SCIMResponse(
            status: 200, headers: headers(record), body: resource.first.map { .object(projection.apply(to: $0)) })
    }

    func headers(_ record: ResourceRecord) -> [String: String] {
        ["ETag": record.entityTag, "Location": rendering.location(record.type, record.id)]
    }

    /// Records with all that the projection wants; groups and members are loaded only if it does.
    func full(
        _ records: [ResourceRecord], _ projection: Projection, in directory: some SCIMDirectory
    ) throws -> [[String: JSON]] {
        try full(
            records, groups: projection.wants("groups"), members: projection.wants("members"),
            named: projection.wantsMemberNames, in: directory)
    }

    /// May end before the last record when the groups' members have become too many.
    func full(
        _ records: [ResourceRecord], groups: Bool, members: Bool, named: Bool, in directory: some SCIMDirectory
    ) throws -> [[String: JSON]] {
        let users = records.filter { $0.type == .user }.map(\.id)
        let groupsOfUsers = groups && !users.isEmpty ? try directory.groups(ofUsers: users) : [:]
        var resources: [[String: JSON]] = []
        var budget = limits.membersInPage
        for record in records {
            var references: [Reference] = []
            if record.type == .group, members {
                if budget <= 0, !resources.isEmpty { break }
                references = try directory.members(ofGroup: record.id, named: named, limit: .max)
                budget -= references.count
            }
            resources.append(rendering.full(record, groups: groupsOfUsers[record.id] ?? [], members: references))
        }
        return resources
    }
}
