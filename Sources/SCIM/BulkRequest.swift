import StrictJSON

/// A bulk request, read; operations in an order in which each comes after those that it refers to.
///
/// Source: RFC 7644 §3.7.1, §3.7.2, §3.7.4.
struct BulkRequest {
    struct Operation {
        /// As received: an unknown one fails by itself.
        let method: String
        let bulkID: String?
        let version: String?
        let path: [String]
        let data: JSON?
        let references: Set<String>
    }

    let operations: [Operation]
    let order: [Int]
    /// The id that each `bulkId` of a POST will have.
    let ids: [String: String]
    let failOnErrors: Int?

    private static let prefix = "bulkId:"

    /// Errors: 413, `invalidSyntax`, `invalidValue`.
    init(_ body: JSON, _ service: SCIMService) throws(SCIMError) {
        let message = try Message(body, schema: SCIMService.bulkRequestSchema, leniency: service.leniency)
        guard let list = message["operations"]?.arrayValue else {
            throw SCIMError(.invalidSyntax, "a bulk request has a list named Operations")
        }
        let limits = service.limits
        guard list.count <= limits.bulkOperations else {
            let most = "\(limits.bulkOperations) operations (maxOperations) and \(limits.body) bytes (maxPayloadSize)"
            throw SCIMError(.payloadTooLarge, "a bulk request has at most \(most)")
        }
        switch message["failonerrors"] {
        case nil, .null?: failOnErrors = nil
        case .integer(let limit)? where limit > 0: failOnErrors = limit
        default: throw SCIMError(.invalidValue, "failOnErrors is an integer of at least 1")
        }
        var operations: [Operation] = []
        var makers: [String: Int] = [:]
        var ids: [String: String] = [:]
        for element in list {
            let operation = try Operation(element)
            if operation.method == "POST", let bulkID = operation.bulkID {
                guard makers.updateValue(operations.count, forKey: bulkID) == nil else {
                    throw SCIMError(.invalidValue, "the bulkId \(SCIMText.printable(bulkID)) is given twice")
                }
                ids[bulkID] = service.makeID()
            }
            operations.append(operation)
        }
        self.operations = operations
        self.ids = ids
        order = Self.ordered(operations, makers)
    }

    /// Depth first, without recursion; a circle is entered where the request does.
    private static func ordered(_ operations: [Operation], _ makers: [String: Int]) -> [Int] {
        var order: [Int] = []
        var isEntered = [Bool](repeating: false, count: operations.count)
        for first in operations.indices where !isEntered[first] {
            isEntered[first] = true
            var stack: [(index: Int, left: [Int])] = [(first, needs(operations[first], makers))]
            while var top = stack.popLast() {
                guard let next = top.left.popLast() else {
                    order.append(top.index)
                    continue
                }
                stack.append(top)
                if !isEntered[next] {
                    isEntered[next] = true
                    stack.append((next, needs(operations[next], makers)))
                }
            }
        }
        return order
    }

    /// In falling order, because the last is taken first.
    private static func needs(_ operation: Operation, _ makers: [String: Int]) -> [Int] {
        operation.references.compactMap { makers[$0] }.sorted(by: >)
    }

    static func reference(_ text: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
}

extension BulkRequest.Operation {
    init(_ element: JSON) throws(SCIMError) {
        guard let object = element.objectValue else { throw SCIMError(.invalidSyntax, "a bulk operation is an object") }
        let fields = try Message.folded(object)
        guard let method = fields["method"]?.stringValue, let path = fields["path"]?.stringValue else {
            throw SCIMError(.invalidSyntax, "a bulk operation has a method and a path")
        }
        self.method = method.uppercased()
        self.path = path.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        bulkID = fields["bulkid"]?.stringValue
        version = fields["version"]?.stringValue
        data = fields["data"].flatMap { $0 == nil ? nil : $0 }
        var references: Set<String> = []
        for segment in self.path { if let id = BulkRequest.reference(segment) { references.insert(id) } }
        if let data { Self.collect(data, &references) }
        self.references = references
    }

    private static func collect(_ json: JSON, _ references: inout Set<String>) {
        switch json {
        case .string(let text): if let id = BulkRequest.reference(text) { references.insert(id) }
        case .array(let elements): for element in elements { collect(element, &references) }
        case .object(let members): for value in members.values { collect(value, &references) }
        default: break
        }
    }

    /// The operation with ids in place of references. Errors: 409 for a reference to what was not made.
    func command(ids: [String: String], failed: Set<String>) throws(SCIMError) -> Command {
        guard let known = SCIMRequest.Method(rawValue: method), known != .get else {
            throw SCIMError(
                .methodNotAllowed(allowed: [.post, .put, .patch, .delete]),
                "a bulk operation is POST, PUT, PATCH or DELETE")
        }
        for reference in references {
            guard ids[reference] != nil else {
                throw SCIMError(.invalidValue, "no operation has the bulkId \(SCIMText.printable(reference))")
            }
            guard !failed.contains(reference) else {
                throw SCIMError(
                    .conflict, "the resource with the bulkId \(SCIMText.printable(reference)) was not created")
            }
        }
        guard known == .post ? path.count == 1 : path.count == 2, path.last?.hasPrefix(".") != true,
            ResourceType.allCases.contains(where: { $0.endpoint.lowercased() == path.first?.lowercased() })
        else { throw SCIMError(.notFound, "a bulk operation's path is as /Users or /Users/{id}") }
        var command = Command(method: known, path: path.map { Self.resolved($0, ids) })
        command.ifMatch = version
        command.body = data.map { Self.resolved($0, ids) }
        if known == .post { command.presetID = bulkID.flatMap { ids[$0] } }
        return command
    }

    private static func resolved(_ text: String, _ ids: [String: String]) -> String {
        BulkRequest.reference(text).flatMap { ids[$0] } ?? text
    }

    private static func resolved(_ json: JSON, _ ids: [String: String]) -> JSON {
        switch json {
        case .string(let text): .string(resolved(text, ids))
        case .array(let elements): .array(elements.map { resolved($0, ids) })
        case .object(let members): .object(members.mapValues { resolved($0, ids) })
        default: json
        }
    }
}
