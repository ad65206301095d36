import StrictJSON

/// The operations of a PATCH body, in order. Source: RFC 7644 §3.5.2.
struct PatchDocument: Sendable {
    enum Operation: String, Hashable, Sendable { case add, remove, replace }

    struct Step: Hashable, Sendable {
        let operation: Operation
        /// Nil: the resource itself.
        let path: PatchPath?
        /// Nil: not given.
        let value: JSON?
    }

    static let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    static let maximumSteps = 1000

    let steps: [Step]
    let notes: [String]

    /// Errors: `invalidSyntax`, `invalidPath`, `invalidFilter`.
    init(_ body: JSON, for type: ResourceType, leniency: Leniency, limits: Filter.Limits) throws(SCIMError) {
        let message = try Message(body, schema: Self.schema, leniency: leniency)
        guard let list = message["operations"]?.arrayValue else {
            throw SCIMError(.invalidSyntax, "a PATCH has a list named Operations")
        }
        guard list.count <= Self.maximumSteps else {
            throw SCIMError(.tooMany, "a PATCH has at most \(Self.maximumSteps) operations")
        }
        var notes: [String] = []
        var steps: [Step] = []
        for element in list {
            guard let members = element.objectValue else {
                throw SCIMError(.invalidSyntax, "an operation is an object")
            }
            let fields = try Message.folded(members)
            guard let word = fields["op"]?.stringValue else {
                throw SCIMError(.invalidSyntax, "an operation has an op")
            }
            guard let operation = Operation(rawValue: leniency.anyOperationCase ? word.lowercased() : word) else {
                throw SCIMError(.invalidSyntax, "op is add, remove or replace, not `\(SCIMText.printable(word))`")
            }
            if word != operation.rawValue, !notes.contains("op: in other case") { notes.append("op: in other case") }
            let path: PatchPath? =
                switch fields["path"] {
                case nil, .null?: nil
                case .string(let text)? where text.isEmpty && leniency.anyOperationCase: nil
                case .string(let text)?: try PatchPath(parsing: text, for: type, limits: limits)
                default: throw SCIMError(.invalidPath, "path is a string")
                }
            steps.append(Step(operation: operation, path: path, value: fields["value"]))
        }
        self.steps = steps
        self.notes = notes
    }
}
