import StrictJSON

/// Queries: filter, sort, page, project. Source: RFC 7644 §3.4.2, §3.4.3; RFC 9865.
extension SCIMService {
    private static let chunk = 500

    /// `type` nil: across all types.
    func search(
        _ type: ResourceType?, _ command: Command, in directory: some SCIMDirectory, now: Timestamp
    ) throws -> SCIMResponse {
        let parameters: QueryParameters
        switch (command.method, command.path.last?.lowercased()) {
        case (.post, ".search"):
            parameters = try QueryParameters(search: try command.requiredBody(), leniency: leniency)
        case (.get, let last) where last != ".search": parameters = try QueryParameters(command.query)
        default:
            throw SCIMError(
                .methodNotAllowed(allowed: command.path.last?.lowercased() == ".search" ? [.post] : [.get]),
                "a search is a GET of /Users or a POST to /Users/.search")
        }
        let types = type.map { [$0] } ?? ResourceType.allCases
        let queries = try types.map { try Query($0, parameters, isOnly: types.count == 1, self) }
        let page = try Page(parameters, types, self, now: now)
        if let only = queries.first, queries.count == 1, only.isIndexed {
            return try indexed(only, page, in: directory)
        }
        return try scanned(queries, page, isDescending: parameters.isDescending, in: directory)
    }

    /// One type, read.
    struct Query {
        let type: ResourceType
        let plan: FilterPlan
        let sort: AttributePath?
        let isSorted: Bool
        let projection: Projection

        /// The store's index and order are the answer's.
        var isIndexed: Bool { plan.rest == nil && !isSorted }

        init(
            _ type: ResourceType, _ parameters: QueryParameters, isOnly: Bool, _ service: SCIMService
        ) throws(SCIMError) {
            self.type = type
            var filter: Filter?
            if let text = parameters.filter {
                filter = try Filter(
                    parsing: text, in: isOnly ? .resource(type) : .anyResource(type), limits: service.limits.filter)
            }
            plan = FilterPlan(filter, for: type)
            isSorted = parameters.sortBy != nil
            var sort: AttributePath?
            if let name = parameters.sortBy, case .attribute(let path) = type.resolve(name) { sort = path }
            self.sort = sort
            projection = try Projection(
                attributes: parameters.attributes, excluded: parameters.excludedAttributes, for: type,
                leniency: service.leniency)
        }
    }

    // The store finds, counts and orders.

    private func indexed(
        _ query: Query, _ page: Page, in directory: some SCIMDirectory
    ) throws -> SCIMResponse {
        let size = page.size
        let total = try directory.count(query.type, matching: query.plan.lookup)
        var records: [ResourceRecord] = []
        if size > 0 {
            let wanted = page.hasCursor ? size + 1 : size
            records = try directory.records(query.type, matching: query.plan.lookup, from: page.start, limit: wanted)
        }
        var hasMore = records.count > size
        let resources = try full(Array(records.prefix(size)), query.projection, in: directory)
        if resources.count < min(records.count, size) { hasMore = true }
        let last = resources.isEmpty ? nil : records[resources.count - 1]
        return page.answer(
            resources.map { .object(query.projection.apply(to: $0)) }, total: total,
            next: hasMore ? last.map { .after(sequence: $0.sequence) } : nil)
    }

    // Every candidate is looked at, in chunks; only the page is kept.

    private struct Match {
        let query: Int
        let id: String
        let key: SortKey
    }

    private func scanned(
        _ queries: [Query], _ page: Page, isDescending: Bool, in directory: some SCIMDirectory
    ) throws -> SCIMResponse {
        let offset = if case .offset(let offset) = page.start { offset } else { 0 }
        var matches: [Match] = []
        for (index, query) in queries.enumerated() {
            try scan(query, in: directory) { record, resource in
                let key: SortKey = query.sort.map { SortKey($0, in: resource) } ?? .missing
                matches.append(Match(query: index, id: record.id, key: key))
            }
        }
        if queries.contains(where: \.isSorted) {
            let order = matches.enumerated().sorted { left, right in
                let (first, second) = isDescending ? (right, left) : (left, right)
                if first.element.key != second.element.key { return first.element.key < second.element.key }
                return left.offset < right.offset
            }
            matches = order.map(\.element)
        }
        var resources: [JSON] = []
        var budget = limits.membersInPage
        for match in matches.dropFirst(offset).prefix(page.size) where budget > 0 {
            let query = queries[match.query]
            guard let record = try directory.record(query.type, id: match.id),
                let resource = try full([record], query.projection, in: directory).first
            else { continue }
            budget -= resource["members"]?.arrayValue?.count ?? 0
            resources.append(.object(query.projection.apply(to: resource)))
        }
        let (end, overflow) = offset.addingReportingOverflow(resources.count)
        let hasMore = !overflow && end < matches.count
        return page.answer(resources, total: matches.count, next: hasMore ? .offset(end) : nil)
    }

    private func scan(
        _ query: Query, in directory: some SCIMDirectory, _ found: (ResourceRecord, [String: JSON]) -> Void
    ) throws {
        let mentions = { (name: String) in
            query.plan.rest?.mentions(name) == true || query.sort?.attribute.name == name
        }
        let (wantsGroups, wantsMembers) = (mentions("groups"), mentions("members"))
        var position = PageStart.offset(0)
        while true {
            let records = try directory.records(
                query.type, matching: query.plan.lookup, from: position, limit: Self.chunk)
            for part in wantsMembers ? records.map({ [$0] }) : [records] {
                let resources = try full(part, groups: wantsGroups, members: wantsMembers, named: true, in: directory)
                for (record, resource) in zip(part, resources) where query.plan.rest?.matches(resource) != false {
                    found(record, resource)
                }
            }
            guard records.count == Self.chunk, let last = records.last else { return }
            position = .after(sequence: last.sequence)
        }
    }
}
