package import StrictJSON

/// What one request leads to. The layer above commits the transaction, with effects and log, before it answers.
package struct SCIMOutcome: Sendable {
    package var response: SCIMResponse
    package var effects: [SCIMEffect]
    package var log: [SyncLogEntry]
}

package struct SCIMResponse: Hashable, Sendable {
    package var status: Int
    /// Location, ETag, Allow: printable ASCII only.
    package var headers: [String: String] = [:]
    /// Nil: no body (204, 304).
    package var body: JSON?

    package static let contentType = "application/scim+json;charset=utf-8"

    package init(status: Int, headers: [String: String] = [:], body: JSON? = nil) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package init(_ error: SCIMError) {
        self.init(status: error.status, body: error.json)
        // RFC 9110 §15.5.6: a 405 MUST carry Allow.
        if case .methodNotAllowed(let allowed) = error.kind {
            headers["Allow"] = allowed.map(\.rawValue).joined(separator: ", ")
        }
    }
}

/// What changed in the directory, for sessions, authorizations and the change log.
package enum SCIMEffect: Hashable, Sendable {
    case userCreated(id: String, isActive: Bool)
    /// `attributes` are the names of those that differ.
    case userChanged(id: String, attributes: [String])
    case userDeactivated(id: String)
    case userReactivated(id: String)
    case userDeleted(id: String, groups: [String])
    case groupCreated(id: String)
    case groupChanged(id: String, attributes: [String])
    case groupRenamed(id: String, from: String, to: String)
    case groupDeleted(id: String, members: [String])
    case membersAdded(group: String, users: [String])
    case membersRemoved(group: String, users: [String])
}

/// One line of a connection's sync log: the request, what changed, what was refused and why.
package struct SyncLogEntry: Hashable, Sendable {
    package let at: Timestamp
    package let method: String
    /// Below the connection's base, printable, without the query.
    package let path: String
    package let status: Int
    /// The resource concerned, where one is known.
    package var resource: String?
    /// `active: true → false`, `members: +2 −1`: short, without personal values but names of attributes.
    package var changes: [String]
    /// Where the request was not as the RFC has it and was understood nevertheless.
    package var notes: [String]
    /// The `scimType` and detail of a refusal.
    package var refusal: String?
}
