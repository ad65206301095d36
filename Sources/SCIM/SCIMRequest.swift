import StrictJSON

/// One HTTP request to a connection's SCIM endpoint, after authentication.
package struct SCIMRequest: Sendable {
    package enum Method: String, Hashable, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// As received.
    package let method: String
    /// Segments below `…/v2`, percent-decoded, without empty ones.
    package let path: [String]
    /// Decoded names and values in the order received.
    package let query: [(name: String, value: String)]
    package let contentType: String?
    package let ifMatch: String?
    package let ifNoneMatch: String?
    package let body: [UInt8]

    package init(
        method: String, path: [String], query: [(name: String, value: String)] = [], contentType: String? = nil,
        ifMatch: String? = nil, ifNoneMatch: String? = nil, body: [UInt8] = []
    ) {
        self.method = method
        self.path = path.filter { !$0.isEmpty }
        self.query = query
        self.contentType = contentType
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
        self.body = body
    }
}

/// A request, or one operation of a bulk request, with its body read.
struct Command {
    let method: SCIMRequest.Method
    let path: [String]
    var query: [(name: String, value: String)] = []
    var ifMatch: String?
    var ifNoneMatch: String?
    var body: JSON?
    /// The id that a created resource gets; nil: a new one.
    var presetID: String?

    /// Errors: `invalidSyntax` if there is none.
    func requiredBody() throws(SCIMError) -> JSON {
        guard let body else { throw SCIMError(.invalidSyntax, "the request has no body") }
        return body
    }
}

extension Command {
    /// Errors: 405, 413, 415, `invalidSyntax`.
    init(_ request: SCIMRequest, maximumBytes: Int) throws(SCIMError) {
        guard let method = SCIMRequest.Method(rawValue: request.method) else {
            throw SCIMError(
                .methodNotAllowed(allowed: SCIMRequest.Method.allCases), "\(request.method) is not a method of SCIM")
        }
        self.init(method: method, path: request.path, query: request.query)
        ifMatch = request.ifMatch
        ifNoneMatch = request.ifNoneMatch
        guard request.body.count <= maximumBytes else {
            throw SCIMError(.payloadTooLarge, "the body is longer than \(maximumBytes) bytes")
        }
        guard method != .get, method != .delete, !request.body.isEmpty else { return }
        guard Self.isJSON(request.contentType) else {
            throw SCIMError(.unsupportedMediaType, "the body's type is application/scim+json or application/json")
        }
        let json: JSON
        do { json = try JSON(parsing: request.body, maximumBytes: maximumBytes) } catch { throw SCIMError(error) }
        guard Self.isNarrow(json) else {
            throw SCIMError(.invalidSyntax, "an object has more than \(Self.maximumMembers) members")
        }
        body = json
    }

    private static let maximumMembers = 500

    /// Nobody means objects of thousands of members; each would be looked up.
    private static func isNarrow(_ json: JSON) -> Bool {
        switch json {
        case .array(let elements): elements.allSatisfy(isNarrow)
        case .object(let members): members.count <= maximumMembers && members.values.allSatisfy(isNarrow)
        default: true
        }
    }

    /// RFC 7644 §3.8; a missing type is taken for JSON.
    private static func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return true }
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        return type.isEmpty || type == "application/scim+json" || type == "application/json"
    }
}

/// If-Match and If-None-Match. Tags compare weakly; quotation marks may be missing. Source: RFC 9110 §13.1; RFC 7644 §3.14.
enum EntityTagCondition {
    static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { part in
            let part = String(part.drop { $0 == " " })
            return part.hasPrefix("*") || opaque(part) == opaque(tag)
        }
    }

    private static func opaque(_ tag: String) -> Substring {
        let start = tag.hasPrefix("W/") ? tag.dropFirst(2) : Substring(tag)
        return start.filter { $0 != "\"" && $0 != " " }[...]
    }
}
