import StrictJSON

/// The SCIM server's rules for one connection: a request and the directory in, an answer and its effects out.
///
/// It has no state and does no I/O. `respond` runs inside one store transaction: whatever it refuses, it refuses before
/// its first write, so a transaction that ends with a refusal may be committed or rolled back. Errors thrown by the
/// directory pass through; then the transaction must be rolled back.
/// Source: RFC 7643, RFC 7644, RFC 9865.
package struct SCIMService: Sendable {
    package let leniency: Leniency
    package let limits: SCIMLimits
    let rendering: ResourceRendering
    let cursorKey: [UInt8]
    let makeID: @Sendable () -> String

    /// - Parameters:
    ///   - baseURL: `https://…/scim/<connection>/v2`; it is part of every answer.
    ///   - cursorKey: 32 secret bytes, the same in all replicas.
    ///   - makeID: a new identifier of RFC 3986's unreserved characters, 1…128 bytes.
    package init(
        baseURL: String, leniency: Leniency = .liberal, limits: SCIMLimits = SCIMLimits(), cursorKey: [UInt8],
        makeID: @escaping @Sendable () -> String
    ) {
        rendering = ResourceRendering(baseURL: baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL)
        self.leniency = leniency
        self.limits = limits
        self.cursorKey = cursorKey
        self.makeID = makeID
    }

    /// Whether the request can change the directory; others need no write transaction.
    package static func mayWrite(_ request: SCIMRequest) -> Bool {
        request.method != "GET" && request.path.last?.lowercased() != ".search"
    }

    package func respond(
        to request: SCIMRequest, in directory: inout some SCIMDirectory, now: Timestamp
    ) throws -> SCIMOutcome {
        var work = Work(now: now)
        let response: SCIMResponse
        do {
            let command = try Command(request, maximumBytes: limits.body)
            if command.path.first?.lowercased() == "bulk", command.path.count == 1 {
                return try runBulk(command, in: &directory, now: now)
            }
            response = try run(command, in: &directory, &work)
        } catch let error as SCIMError {
            work.refusal = error
            response = SCIMResponse(error)
        }
        return SCIMOutcome(
            response: response, effects: work.effects,
            log: [work.entry(method: request.method, path: request.path, status: response.status)])
    }

    /// Routes one command. Source: RFC 7644 §3.2.
    func run(
        _ command: Command, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        guard let first = command.path.first else { return try search(nil, command, in: directory, now: work.now) }
        if let type = ResourceType.allCases.first(where: { $0.endpoint.lowercased() == first.lowercased() }) {
            return try run(command, on: type, in: &directory, &work)
        }
        switch first.lowercased() {
        case ".search": return try search(nil, command, in: directory, now: work.now)
        // RFC 7644 §3.11: what the server does not support is answered with 501.
        case "me": throw SCIMError(.notImplemented, "/Me is not supported: a provisioning token belongs to no user")
        case "bulk": throw SCIMError(.methodNotAllowed(allowed: [.post]), "bulk requests are sent by POST to /Bulk")
        default: return try discover(command)
        }
    }

    private func run(
        _ command: Command, on type: ResourceType, in directory: inout some SCIMDirectory, _ work: inout Work
    ) throws -> SCIMResponse {
        guard command.path.count > 1 else {
            switch command.method {
            case .get: return try search(type, command, in: directory, now: work.now)
            case .post: return try create(type, command, in: &directory, &work)
            default: throw SCIMError(.methodNotAllowed(allowed: [.get, .post]), "/\(type.endpoint) takes GET and POST")
            }
        }
        let id = command.path[1]
        if command.path.count == 2, id.lowercased() == ".search" {
            return try search(type, command, in: directory, now: work.now)
        }
        guard command.path.count == 2, SCIMText.isIdentifier(id), let record = try directory.record(type, id: id) else {
            throw SCIMError.notFound(type, command.path.dropFirst().joined(separator: "/"))
        }
        work.resource = "\(type.endpoint)/\(record.id)"
        switch command.method {
        case .get: return try read(record, command, in: directory)
        case .put: return try replace(record, command, in: &directory, &work)
        case .patch: return try patch(record, command, in: &directory, &work)
        case .delete: return try delete(record, command, in: &directory, &work)
        case .post:
            throw SCIMError(
                .methodNotAllowed(allowed: [.get, .put, .patch, .delete]),
                "/\(type.endpoint)/{id} takes GET, PUT, PATCH and DELETE")
        }
    }

    func projection(_ command: Command, _ type: ResourceType) throws(SCIMError) -> Projection {
        let query = try QueryParameters(command.query)
        return try Projection(
            attributes: query.attributes, excluded: query.excludedAttributes, for: type, leniency: leniency)
    }
}

/// What a request has done so far.
struct Work {
    let now: Timestamp
    var effects: [SCIMEffect] = []
    var resource: String?
    var changes: [String] = []
    var notes: [String] = []
    var refusal: SCIMError?

    init(now: Timestamp) { self.now = now }

    func entry(method: String, path: [String], status: Int) -> SyncLogEntry {
        SyncLogEntry(
            at: now, method: SCIMText.printable(method, limit: 16),
            path: SCIMText.printable("/" + path.joined(separator: "/"), limit: 200), status: status, resource: resource,
            changes: changes, notes: notes,
            refusal: refusal.map { error in error.scimType.map { "\($0.rawValue): \(error.detail)" } ?? error.detail })
    }
}
