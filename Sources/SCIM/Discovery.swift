import StrictJSON

/// What the server supports, as documents made from the definitions that it works by. Source: RFC 7644 §4.
extension SCIMService {
    func discover(_ command: Command) throws(SCIMError) -> SCIMResponse {
        let kind = command.path.first?.lowercased() ?? ""
        let documents: [(id: String, body: JSON)]
        switch kind {
        // The plural is what clients of the first drafts ask for.
        case "serviceproviderconfig", "serviceproviderconfigs": documents = []
        case "resourcetypes": documents = ResourceType.allCases.map { ($0.rawValue, resourceTypeDocument($0)) }
        case "schemas": documents = SchemaDefinition.all.map { ($0.id, schemaDocument($0)) }
        default: throw SCIMError(.notFound, "there is nothing at /\(command.path.joined(separator: "/"))")
        }
        guard command.method == .get else {
            throw SCIMError(.methodNotAllowed(allowed: [.get]), "this can only be read")
        }
        // RFC 7644 §4: a filter on these SHALL be answered with 403.
        guard !command.query.contains(where: { $0.name.lowercased() == "filter" }) else {
            throw SCIMError(.forbidden, "the discovery documents cannot be filtered")
        }
        guard let name = command.path.dropFirst().first else {
            if documents.isEmpty { return SCIMResponse(status: 200, body: configurationDocument) }
            return SCIMResponse(
                status: 200,
                body: [
                    "schemas": [.string(Page.schema)], "totalResults": .integer(documents.count),
                    "itemsPerPage": .integer(documents.count), "startIndex": 1,
                    "Resources": .array(documents.map(\.body)),
                ])
        }
        guard command.path.count == 2, let found = documents.first(where: { $0.id.lowercased() == name.lowercased() })
        else { throw SCIMError(.notFound, "there is nothing at /\(command.path.joined(separator: "/"))") }
        return SCIMResponse(status: 200, body: found.body)
    }

    private var configurationDocument: JSON {
        let supported: JSON = ["supported": true]
        return [
            "schemas": [.string(SchemaDefinition.serviceProviderConfig.id)],
            "patch": supported, "sort": supported, "etag": supported, "changePassword": ["supported": false],
            "bulk": [
                "supported": true, "maxOperations": .integer(limits.bulkOperations),
                "maxPayloadSize": .integer(limits.body),
            ],
            "filter": ["supported": true, "maxResults": .integer(limits.maximumPage)],
            "pagination": [
                "cursor": true, "index": true, "defaultPaginationMethod": "index",
                "defaultPageSize": .integer(limits.defaultPage), "maxPageSize": .integer(limits.maximumPage),
                "cursorTimeout": .integer(limits.cursorLifetime),
            ],
            "authenticationSchemes": [
                [
                    "type": "oauthbearertoken", "name": "Bearer token",
                    "description": "A token in the Authorization header, made by an administrator of this server",
                    "specUri": "https://www.rfc-editor.org/info/rfc6750", "primary": true,
                ]
            ],
            "meta": meta("ServiceProviderConfig", "ServiceProviderConfig"),
        ]
    }

    private func resourceTypeDocument(_ type: ResourceType) -> JSON {
        [
            "schemas": [.string(SchemaDefinition.resourceType.id)], "id": .string(type.rawValue),
            "name": .string(type.rawValue), "description": .string(type.schema.description),
            "endpoint": .string("/\(type.endpoint)"), "schema": .string(type.schema.id),
            "schemaExtensions": .array(type.extensions.map { ["schema": .string($0.id), "required": false] }),
            "meta": meta("ResourceType", "ResourceTypes/\(type.rawValue)"),
        ]
    }

    private func schemaDocument(_ definition: SchemaDefinition) -> JSON {
        [
            "schemas": [.string(SchemaDefinition.schema.id)], "id": .string(definition.id),
            "name": .string(definition.name), "description": .string(definition.description),
            "attributes": .array(definition.published.map(\.json)),
            "meta": meta("Schema", "Schemas/\(definition.id)"),
        ]
    }

    private func meta(_ type: String, _ path: String) -> JSON {
        ["resourceType": .string(type), "location": .string("\(rendering.baseURL)/\(path)")]
    }
}
