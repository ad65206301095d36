import SCIM
import StrictJSON
import Testing

/// The rules over a directory in memory, spoken to as over HTTP.
struct Server {
    private(set) var directory = MemoryDirectory()
    var service: SCIMService
    var now = 1_800_000_000_000
    private(set) var last: SCIMOutcome?

    static let base = "https://gateway.example/scim/test/v2"

    init(_ leniency: Leniency = .liberal, limits: SCIMLimits = SCIMLimits()) {
        let counter = Counter()
        service = SCIMService(
            baseURL: Self.base, leniency: leniency, limits: limits, cursorKey: Array(repeating: 7, count: 32),
            makeID: { counter.next() })
    }

    /// `path` may carry a query: `/Users?filter=…`, not encoded.
    mutating func send(
        _ method: String, _ path: String, _ body: JSON? = nil, bytes: [UInt8]? = nil, contentType: String? = nil,
        ifMatch: String? = nil, ifNoneMatch: String? = nil
    ) throws -> Answer {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [(name: String, value: String)] = []
        for pair in parts.count < 2 ? [] : parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            query.append((name: sides[0], value: sides.count > 1 ? sides[1] : ""))
        }
        let request = SCIMRequest(
            method: method, path: parts[0].split(separator: "/").map(String.init), query: query,
            contentType: contentType, ifMatch: ifMatch, ifNoneMatch: ifNoneMatch,
            body: bytes ?? body?.encoded() ?? [])
        return try send(request)
    }

    mutating func send(_ request: SCIMRequest) throws -> Answer {
        now += 1000
        directory.resetCost()
        let outcome = try service.respond(to: request, in: &directory, now: Timestamp(milliseconds: now))
        last = outcome
        return Answer(outcome.response)
    }

    var effects: [SCIMEffect] { last?.effects ?? [] }
    var log: [SyncLogEntry] { last?.log ?? [] }

    /// The new user's id.
    mutating func user(_ name: String, _ more: [String: JSON] = [:]) throws -> String {
        let body = more.merging(["userName": .string(name)]) { first, _ in first }
        return try #require(try send("POST", "/Users", .object(body)).body["id"]?.stringValue)
    }

    mutating func group(_ name: String, _ members: [String] = []) throws -> String {
        let list = members.map { JSON.object(["value": .string($0)]) }
        let body: JSON = ["displayName": .string(name), "members": .array(list)]
        return try #require(try send("POST", "/Groups", body).body["id"]?.stringValue)
    }

    mutating func patch(_ path: String, _ operations: JSON...) throws -> Answer {
        try send(
            "PATCH", path,
            ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": .array(operations)])
    }
}

struct Answer {
    let status: Int
    let headers: [String: String]
    let body: [String: JSON]

    init(_ response: SCIMResponse) {
        status = response.status
        headers = response.headers
        body = response.body?.objectValue ?? [:]
    }

    var scimType: String? { body["scimType"]?.stringValue }
    var detail: String { body["detail"]?.stringValue ?? "" }
    var resources: [[String: JSON]] { body["Resources"]?.arrayValue?.compactMap(\.objectValue) ?? [] }
    var userNames: [String] { resources.compactMap { $0["userName"]?.stringValue } }
    func count(_ name: String) -> Int { body[name]?.arrayValue?.count ?? 0 }
}

/// Ids in order: id-1, id-2, …
private final class Counter: @unchecked Sendable {
    private var value = 0
    func next() -> String {
        value += 1
        return "id-\(value)"
    }
}
