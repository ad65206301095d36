import StrictJSON

/// Resources as they are answered: with `schemas`, `id`, `meta`, and what the directory keeps apart.
struct ResourceRendering {
    /// `https://…/scim/<connection>/v2`, without a slash at the end.
    let baseURL: String

    func location(_ type: ResourceType, _ id: String) -> String {
        "\(baseURL)/\(type.endpoint)/\(SCIMText.percentEncoded(id))"
    }

    func full(_ record: ResourceRecord, groups: [Reference] = [], members: [Reference] = []) -> [String: JSON] {
        var resource = record.attributes
        resource["id"] = .string(record.id)
        var schemas: [JSON] = [.string(record.type.schema.id)]
        for definition in record.type.extensions where resource[definition.id] != nil {
            schemas.append(.string(definition.id))
        }
        resource["schemas"] = .array(schemas)
        resource["meta"] = [
            "resourceType": .string(record.type.rawValue), "created": .string(record.created.text),
            "lastModified": .string(record.lastModified.text), "location": .string(location(record.type, record.id)),
            "version": .string(record.entityTag),
        ]
        if !groups.isEmpty { resource["groups"] = list(groups, of: .group, kind: "direct") }
        if !members.isEmpty { resource["members"] = list(members, of: .user, kind: "User") }
        return resource
    }

    /// Each member with the value that a filter looks at.
    func members(_ references: [Reference]) -> [(id: String, element: JSON)] {
        references.map { ($0.id, element($0, of: .user, kind: "User")) }
    }

    private func list(_ references: [Reference], of type: ResourceType, kind: String) -> JSON {
        .array(references.map { element($0, of: type, kind: kind) })
    }

    private func element(_ reference: Reference, of type: ResourceType, kind: String) -> JSON {
        var members: [String: JSON] = [
            "value": .string(reference.id), "$ref": .string(location(type, reference.id)), "type": .string(kind),
        ]
        if let display = reference.display { members["display"] = .string(display) }
        return .object(members)
    }
}
