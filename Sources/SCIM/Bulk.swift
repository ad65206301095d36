import StrictJSON

/// Many operations in one request. Each is all or nothing; references among them by `bulkId`, in any direction.
///
/// Created resources get their ids before anything runs, so references resolve forwards and in circles; operations run
/// after those they refer to. Results stand in the order of the request. Source: RFC 7644 §3.7.
extension SCIMService {
    static let bulkRequestSchema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    static let bulkResponseSchema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

    func runBulk(
        _ command: Command, in directory: inout some SCIMDirectory, now: Timestamp
    ) throws -> SCIMOutcome {
        let request: BulkRequest
        do {
            guard command.method == .post else {
                throw SCIMError(.methodNotAllowed(allowed: [.post]), "bulk requests are sent by POST to /Bulk")
            }
            request = try BulkRequest(try command.requiredBody(), self)
        } catch let error as SCIMError {
            var work = Work(now: now)
            work.refusal = error
            let response = SCIMResponse(error)
            let entry = work.entry(method: command.method.rawValue, path: command.path, status: response.status)
            return SCIMOutcome(response: response, effects: [], log: [entry])
        }
        var run = BulkRun(ids: request.ids)
        for index in request.order {
            if let limit = request.failOnErrors, run.errors >= limit { break }
            try perform(request.operations[index], at: index, of: &run, in: &directory, now: now)
        }
        let results = run.results.sorted { $0.key < $1.key }.map(\.value)
        let body: JSON = ["schemas": [.string(Self.bulkResponseSchema)], "Operations": .array(results)]
        return SCIMOutcome(response: SCIMResponse(status: 200, body: body), effects: run.effects, log: run.log)
    }

    private func perform(
        _ operation: BulkRequest.Operation, at index: Int, of run: inout BulkRun,
        in directory: inout some SCIMDirectory, now: Timestamp
    ) throws {
        var work = Work(now: now)
        var response: SCIMResponse
        var path = operation.path
        do {
            let command = try operation.command(ids: run.ids, failed: run.failed)
            path = command.path
            response = try self.run(command, in: &directory, &work)
        } catch let error as SCIMError {
            work.refusal = error
            response = SCIMResponse(error)
        }
        run.effects += work.effects
        run.log.append(work.entry(method: operation.method, path: path, status: response.status))
        var result: [String: JSON] = [
            "method": .string(SCIMText.printable(operation.method)), "status": .string(String(response.status)),
        ]
        if let bulkID = operation.bulkID { result["bulkId"] = .string(bulkID) }
        if let location = response.headers["Location"] {
            result["location"] = .string(location)
        } else if path.count == 2, work.resource != nil {
            result["location"] = .string("\(rendering.baseURL)/\(work.resource ?? "")")
        }
        if let tag = response.headers["ETag"] { result["version"] = .string(tag) }
        if response.status >= 400 {
            run.errors += 1
            if operation.method == "POST", let bulkID = operation.bulkID { run.failed.insert(bulkID) }
            if let body = response.body { result["response"] = body }
        }
        run.results[index] = .object(result)
    }
}

private struct BulkRun {
    let ids: [String: String]
    var failed: Set<String> = []
    var errors = 0
    var results: [Int: JSON] = [:]
    var effects: [SCIMEffect] = []
    var log: [SyncLogEntry] = []

    init(ids: [String: String]) { self.ids = ids }
}
