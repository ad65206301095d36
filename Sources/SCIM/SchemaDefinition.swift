/// One schema: its URI and its attributes, found by name in any case.
package struct SchemaDefinition: Sendable {
    package let id: String
    package let name: String
    package let description: String
    package let attributes: [AttributeDefinition]
    let foldedID: String
    private let byName: [String: Int]

    init(_ id: String, _ name: String, _ description: String, _ attributes: [AttributeDefinition]) {
        self.id = id
        self.name = name
        self.description = description
        self.attributes = attributes
        foldedID = id.lowercased()
        byName = Dictionary(
            attributes.enumerated().map { ($0.element.foldedName, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    package func attribute(_ name: some StringProtocol) -> AttributeDefinition? {
        byName[name.lowercased()].map { attributes[$0] }
    }

    /// RFC 7643 §3.1: the common attributes belong to every schema and stand in none.
    var published: [AttributeDefinition] {
        attributes.filter { attribute in !AttributeDefinition.common.contains(attribute) }
    }

    func isNamed(_ uri: some StringProtocol) -> Bool {
        uri.utf8.count == foldedID.utf8.count && uri.lowercased() == foldedID
    }
}

/// A kind of resource that clients provision. Source: RFC 7643 §6.
package enum ResourceType: String, Hashable, Sendable, CaseIterable {
    case user = "User"
    case group = "Group"

    package var endpoint: String {
        switch self {
        case .user: "Users"
        case .group: "Groups"
        }
    }

    package var schema: SchemaDefinition {
        switch self {
        case .user: .user
        case .group: .group
        }
    }

    package var extensions: [SchemaDefinition] {
        switch self {
        case .user: [.enterpriseUser]
        case .group: []
        }
    }

    func schema(named uri: some StringProtocol) -> SchemaDefinition? {
        schema.isNamed(uri) ? schema : extensions.first { $0.isNamed(uri) }
    }
}
