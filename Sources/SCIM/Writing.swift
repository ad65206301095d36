import StrictJSON

/// POST, PUT, PATCH and DELETE of one resource. What is refused is refused before the first write.
///
/// Source: RFC 7644 §3.3, §3.5, §3.6.
extension SCIMService {
    func create(
        _ type: ResourceType, _ command: Command, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        var editor = ResourceEditor(type: type, leniency: leniency)
        defer { work.notes += editor.reader.notes }
        try editor.fill(from: try command.requiredBody())
        try editor.checkRequired()
        if type == .user { editor.setDefault("active", true) }
        let projection = try projection(command, type)
        let record = ResourceRecord(
            type: type, id: command.presetID ?? makeID(), attributes: editor.attributes, created: work.now,
            lastModified: work.now, version: 1, sequence: 0)
        try checkUnique(record, replacing: nil, in: directory)
        let members = try existing(editor.memberships, in: directory, &work)

        try directory.insert(record)
        work.resource = "\(type.endpoint)/\(record.id)"
        work.changes = record.attributes.keys.sorted()
        switch type {
        case .user: work.effects.append(.userCreated(id: record.id, isActive: record.isActive))
        case .group: work.effects.append(.groupCreated(id: record.id))
        }
        _ = try apply(members, toGroup: record.id, in: &directory, &work)
        var response = try answer(record, projection, in: directory)
        if response.status == 204 {
            // RFC 7644 §3.3: 201 with the resource; members beyond the limit are read by GET.
            response.body = .object(projection.apply(to: rendering.full(record)))
        }
        response.status = 201
        return response
    }

    func replace(
        _ record: ResourceRecord, _ command: Command, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        try checkCondition(command, record)
        let projection = try projection(command, record.type)
        var editor = ResourceEditor(type: record.type, leniency: leniency)
        defer { work.notes += editor.reader.notes }
        try editor.fill(from: try command.requiredBody())
        // RFC 7644 §3.5.1: what is omitted is not asserted. Nobody becomes active again by omission.
        if record.type == .user, !editor.named.contains("active") {
            editor.setDefault("active", record.attributes["active"])
        }
        if leniency.keepsOmittedExternalID, !editor.named.contains("externalId") {
            editor.setDefault("externalId", record.attributes["externalId"])
        }
        try editor.checkRequired()
        if record.type == .group, !editor.named.contains("members") {
            switch leniency.omittedMembers {
            case .keep: editor.reader.note("members: not named, kept")
            case .clear: editor.change(.replace([]))
            }
        }
        let members = editor.memberships.map(\.asWhole)
        return try commit(editor.attributes, members, to: record, projection, isPatch: false, in: &directory, &work)
    }

    func patch(
        _ record: ResourceRecord, _ command: Command, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        try checkCondition(command, record)
        let projection = try projection(command, record.type)
        let document = try PatchDocument(
            try command.requiredBody(), for: record.type, leniency: leniency, limits: limits.filter)
        var editor = ResourceEditor(type: record.type, attributes: record.attributes, leniency: leniency)
        defer { work.notes += editor.reader.notes }
        try editor.apply(document)
        return try commit(
            editor.attributes, editor.memberships, to: record, projection, isPatch: true, in: &directory, &work)
    }

    func delete(
        _ record: ResourceRecord, _ command: Command, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        try checkCondition(command, record)
        let others = try directory.delete(record.type, id: record.id)
        work.changes = ["deleted"]
        switch record.type {
        case .group: work.effects.append(.groupDeleted(id: record.id, members: others))
        case .user:
            for group in others {
                if let record = try directory.record(.group, id: group) { try touch(record, in: &directory, work.now) }
            }
            work.effects.append(.userDeleted(id: record.id, groups: others))
        }
        return SCIMResponse(status: 204)
    }

    // What all of them share.

    private func commit(
        _ attributes: [String: JSON], _ memberships: [MembershipChange], to old: ResourceRecord,
        _ projection: Projection, isPatch: Bool, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        var record = old
        record.attributes = attributes
        try checkUnique(record, replacing: old, in: directory)
        let members = try existing(memberships, in: directory, &work)

        let membersChanged = try apply(members, toGroup: old.id, in: &directory, &work)
        let changed = Self.changedNames(old.attributes, attributes)
        if !changed.isEmpty || membersChanged {
            record.version += 1
            record.lastModified = max(work.now, old.lastModified)
            try directory.update(record)
            work.changes = Self.described(changed, old, record) + work.changes
            work.effects = Self.effects(changed, old, record) + work.effects
        }
        let response = try answer(record, projection, in: directory)
        // RFC 7644 §3.5.1: a PUT is answered with 200 and the resource.
        guard response.status == 204, !isPatch else { return response }
        return SCIMResponse(
            status: 200, headers: response.headers, body: .object(projection.apply(to: rendering.full(record))))
    }

    /// A large group is answered without a body, unless the client names what it wants (RFC 7644 §3.5.2).
    private func answer(
        _ record: ResourceRecord, _ projection: Projection, in directory: some SCIMDirectory
    ) throws -> SCIMResponse {
        if record.type == .group, projection.wants("members"), !projection.isExplicit {
            let members = try directory.members(
                ofGroup: record.id, named: false, limit: limits.membersInChangeAnswer + 1)
            guard members.count <= limits.membersInChangeAnswer else {
                return SCIMResponse(status: 204, headers: headers(record))
            }
            return SCIMResponse(
                status: 200, headers: headers(record),
                body: .object(projection.apply(to: rendering.full(record, members: members))))
        }
        let resource = try full([record], projection, in: directory).first ?? [:]
        return SCIMResponse(status: 200, headers: headers(record), body: .object(projection.apply(to: resource)))
    }

    private func touch(_ record: ResourceRecord, in directory: inout some SCIMDirectory, _ now: Timestamp) throws {
        var record = record
        record.version += 1
        record.lastModified = max(now, record.lastModified)
        try directory.update(record)
    }

    private func checkCondition(_ command: Command, _ record: ResourceRecord) throws(SCIMError) {
        if let tag = command.ifMatch, !EntityTagCondition.matches(tag, record.entityTag) {
            throw SCIMError(.preconditionFailed, "it has changed meanwhile; its entity tag is now \(record.entityTag)")
        }
        if let tag = command.ifNoneMatch, EntityTagCondition.matches(tag, record.entityTag) {
            throw SCIMError(.preconditionFailed, "its entity tag is \(record.entityTag)")
        }
    }

    /// `userName` and `externalId` of users and `displayName` of groups name one resource of the connection.
    private func checkUnique(
        _ record: ResourceRecord, replacing old: ResourceRecord?, in directory: some SCIMDirectory
    ) throws {
        var claims: [(name: String, lookup: FilterPlan.Lookup)] = []
        switch record.type {
        case .user:
            if let name = record.userName, !Self.isSame(name, old?.userName) {
                claims.append(("userName", .userName(folded: SCIMText.folded(name))))
            }
            if let id = record.externalID, !Self.isSame(id, old?.externalID) {
                claims.append(("externalId", .externalId(id)))
            }
        case .group:
            if let name = record.displayName, !Self.isSame(name, old?.displayName) {
                claims.append(("displayName", .displayName(folded: SCIMText.folded(name))))
            }
        }
        for claim in claims {
            let owners = try directory.records(record.type, matching: claim.lookup, from: .offset(0), limit: 2)
            if let owner = owners.first(where: { $0.id != record.id }) {
                throw SCIMError(.uniqueness, "\(claim.name) is taken by \(record.type.endpoint)/\(owner.id)")
            }
        }
    }

    /// Byte by byte, as an index compares.
    private static func isSame(_ name: String, _ old: String?) -> Bool { old?.utf8.elementsEqual(name.utf8) ?? false }
}
