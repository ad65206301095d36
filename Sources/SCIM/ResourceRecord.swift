package import StrictJSON

/// A user or group as a directory stores it. A group's members and a user's groups are not part of it.
package struct ResourceRecord: Hashable, Sendable {
    package let type: ResourceType
    package let id: String
    /// What clients wrote, with canonical names and types; extensions under their URI. Holds no `id`, no `meta`.
    package var attributes: [String: JSON]
    package let created: Timestamp
    package var lastModified: Timestamp
    /// Counts the changes, from 1; the entity tag.
    package var version: Int
    /// The place in the order of creation: the directory gives it at `insert` and never changes it.
    package let sequence: Int

    package init(
        type: ResourceType, id: String, attributes: [String: JSON], created: Timestamp, lastModified: Timestamp,
        version: Int, sequence: Int
    ) {
        self.type = type
        self.id = id
        self.attributes = attributes
        self.created = created
        self.lastModified = lastModified
        self.version = version
        self.sequence = sequence
    }
}

/// What a store indexes and what access needs.
extension ResourceRecord {
    package var userName: String? { text("userName") }
    package var externalID: String? { text("externalId") }
    package var displayName: String? { text("displayName") }

    /// Closed by default: whoever has no `active` is not active. Creation sets it.
    package var isActive: Bool { attributes["active"]?.boolValue ?? false }

    package var emails: [String] {
        attributes["emails"]?.arrayValue?.compactMap { $0.objectValue?["value"]?.stringValue } ?? []
    }

    /// What to call a person or group in a list.
    package var shownName: String? {
        displayName ?? attributes["name"]?.objectValue?["formatted"]?.stringValue ?? userName
    }

    package var entityTag: String { "W/\"\(version)\"" }

    private func text(_ name: String) -> String? { attributes[name]?.stringValue }
}
