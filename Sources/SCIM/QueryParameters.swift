import StrictJSON

/// What a listing asks for, from an address or from a SearchRequest. Unknown parameters are ignored.
///
/// Source: RFC 7644 §3.4.2, §3.4.3, §3.9; RFC 9865 §2.
struct QueryParameters {
    static let searchSchema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

    private(set) var attributes: [String]?
    private(set) var excludedAttributes: [String]?
    private(set) var filter: String?
    private(set) var sortBy: String?
    private(set) var isDescending = false
    /// From 1.
    private(set) var startIndex = 1
    /// Nil: the default page size. Never negative.
    private(set) var count: Int?
    /// Empty: the first page.
    private(set) var cursor: String?

    /// Errors: `invalidValue`, `invalidCount`.
    init(_ query: [(name: String, value: String)]) throws(SCIMError) {
        var members: [String: JSON] = [:]
        for (name, value) in query where members[name.lowercased()] == nil {
            members[name.lowercased()] = .string(value)
        }
        try self.init(members)
    }

    init(search body: JSON, leniency: Leniency) throws(SCIMError) {
        let message = try Message(body, schema: Self.searchSchema, leniency: leniency)
        let names = [
            "attributes", "excludedattributes", "filter", "sortby", "sortorder", "startindex", "count", "cursor",
        ]
        try self.init(
            Dictionary(
                names.compactMap { name in message[name].map { (name, $0) } }, uniquingKeysWith: { first, _ in first }))
    }

    private init(_ members: [String: JSON]) throws(SCIMError) {
        attributes = try Self.names(members["attributes"])
        excludedAttributes = try Self.names(members["excludedattributes"])
        filter = try Self.text(members, "filter").flatMap { $0.isEmpty ? nil : $0 }
        sortBy = try Self.text(members, "sortby").flatMap { $0.isEmpty ? nil : $0 }
        isDescending = try Self.text(members, "sortorder")?.lowercased() == "descending"
        cursor = try Self.text(members, "cursor")
        if let start = try Self.integer(members, "startindex", .invalidValue) { startIndex = max(1, start) }
        count = try Self.integer(members, "count", cursor == nil ? .invalidValue : .invalidCount)
        guard cursor != nil else {
            count = count.map { max(0, $0) }
            return
        }
        if let count, count < 1 { throw SCIMError(.invalidCount, "with a cursor, count is at least 1") }
    }

    private static func text(_ members: [String: JSON], _ name: String) throws(SCIMError) -> String? {
        switch members[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        default: throw SCIMError(.invalidValue, "\(name) is a string")
        }
    }

    private static func integer(
        _ members: [String: JSON], _ name: String, _ error: SCIMErrorType
    ) throws(SCIMError) -> Int? {
        switch members[name] {
        case nil, .null?: return nil
        case .integer(let number)?: return number
        case .string(let text)?:
            if text.isEmpty { return nil }
            if let number = Int(text) { return number }
        default: break
        }
        throw SCIMError(error, "\(name) is an integer")
    }

    /// A list of names, or names with commas between them.
    private static func names(_ value: JSON?) throws(SCIMError) -> [String]? {
        var names: [String] = []
        switch value {
        case nil, .null?: return nil
        case .string(let text)?: names = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
        case .array(let list)?:
            for element in list {
                guard let text = element.stringValue else { throw SCIMError(.invalidValue, "attributes are strings") }
                names.append(text)
            }
        default: throw SCIMError(.invalidValue, "attributes are a list of names")
        }
        return names.isEmpty ? nil : names
    }
}
