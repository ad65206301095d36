import StrictJSON

/// One page of a listing: where it begins, how long it is, and how the next one is found.
///
/// Source: RFC 7644 §3.4.2.4; RFC 9865 §2.
struct Page {
    static let schema = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

    let start: PageStart
    let size: Int
    let hasCursor: Bool
    private let startIndex: Int
    private let fingerprint: String
    private let key: [UInt8]
    private let expires: Int

    /// Errors: `invalidCursor`, `expiredCursor`.
    init(
        _ parameters: QueryParameters, _ types: [ResourceType], _ service: SCIMService, now: Timestamp
    ) throws(SCIMError) {
        let seconds = now.milliseconds / 1000
        let parts = [
            service.rendering.baseURL, types.map(\.rawValue).joined(separator: ","), parameters.filter ?? "",
            parameters.sortBy ?? "", parameters.isDescending ? "descending" : "ascending",
        ]
        fingerprint = parts.map { "\($0.utf8.count):\($0)" }.joined()
        key = service.cursorKey
        expires = seconds + service.limits.cursorLifetime
        size = min(parameters.count ?? service.limits.defaultPage, service.limits.maximumPage)
        hasCursor = parameters.cursor != nil
        startIndex = parameters.startIndex
        switch parameters.cursor {
        case nil: start = .offset(parameters.startIndex - 1)
        case ""?: start = .offset(0)
        case let cursor?: start = try Cursor(parsing: cursor, query: fingerprint, key: key, now: seconds).start
        }
    }

    func answer(_ resources: [JSON], total: Int, next: PageStart?) -> SCIMResponse {
        var members: [String: JSON] = [
            "schemas": [.string(Self.schema)], "totalResults": .integer(total),
            "itemsPerPage": .integer(resources.count), "Resources": .array(resources),
        ]
        if !hasCursor { members["startIndex"] = .integer(startIndex) }
        if hasCursor, let next {
            members["nextCursor"] = .string(Cursor.text(next, expires: expires, query: fingerprint, key: key))
        }
        return SCIMResponse(status: 200, body: .object(members))
    }
}
