/// The schemas of the discovery documents themselves. Source: RFC 7643 §5, §6, §7, §8.7.2; RFC 9865 §4.
extension SchemaDefinition {
    static let all: [SchemaDefinition] = [
        .user, .enterpriseUser, .group, .serviceProviderConfig, .resourceType, .schema,
    ]

    static let serviceProviderConfig = SchemaDefinition(
        "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig", "Service Provider Configuration",
        "What this server supports",
        [
            AttributeDefinition(
                "documentationUri", .reference, exact: true, is: .readOnly, refers: ["external"],
                about: "Help for people."),
            .feature("patch", about: "PATCH."),
            .feature(
                "bulk",
                [
                    .fixed("maxOperations", .integer, about: "The most operations."),
                    .fixed("maxPayloadSize", .integer, about: "The most bytes."),
                ],
                about: "Bulk requests."),
            .feature(
                "filter", [.fixed("maxResults", .integer, about: "The most resources in an answer.")], about: "Filters."
            ),
            .feature("changePassword", about: "Changes of passwords."),
            .feature("sort", about: "Sorting."),
            .feature("etag", about: "Entity tags."),
            AttributeDefinition(
                "pagination", .complex, is: .readOnly,
                of: [
                    .fixed("cursor", .boolean, about: "Pages by cursor."),
                    .fixed("index", .boolean, about: "Pages by index."),
                    AttributeDefinition(
                        "defaultPaginationMethod", is: .readOnly, canonical: ["cursor", "index"],
                        about: "What is used where the client does not say."),
                    AttributeDefinition(
                        "defaultPageSize", .integer, is: .readOnly, about: "A page's size where count is not given."),
                    AttributeDefinition("maxPageSize", .integer, is: .readOnly, about: "A page's greatest size."),
                    AttributeDefinition(
                        "cursorTimeout", .integer, is: .readOnly, about: "Seconds for which a cursor can be used."),
                ], about: "Pages."),
            AttributeDefinition(
                "authenticationSchemes", .complex, many: true, required: true, is: .readOnly,
                of: [
                    .fixed("type", about: "The scheme."), .fixed("name", about: "Its name."),
                    .fixed("description", about: "What it is."),
                    AttributeDefinition(
                        "specUri", .reference, exact: true, is: .readOnly, refers: ["external"],
                        about: "Its specification."),
                    AttributeDefinition(
                        "documentationUri", .reference, exact: true, is: .readOnly, refers: ["external"],
                        about: "Help for people."),
                    AttributeDefinition("primary", .boolean, is: .readOnly, about: "Whether it is the preferred one."),
                ], about: "How clients authenticate."),
        ])

    static let resourceType = SchemaDefinition(
        "urn:ietf:params:scim:schemas:core:2.0:ResourceType", "Resource Type", "A type of resource and its endpoint",
        [
            AttributeDefinition("id", is: .readOnly, about: "The type's id."),
            .fixed("name", about: "The type's name."),
            AttributeDefinition("description", is: .readOnly, about: "What it is."),
            AttributeDefinition(
                "endpoint", .reference, required: true, is: .readOnly, refers: ["uri"],
                about: "Where its resources are, below the base."),
            AttributeDefinition(
                "schema", .reference, required: true, exact: true, is: .readOnly, refers: ["uri"],
                about: "Its core schema."),
            AttributeDefinition(
                "schemaExtensions", .complex, many: true, is: .readOnly,
                of: [
                    AttributeDefinition(
                        "schema", .reference, required: true, exact: true, is: .readOnly, refers: ["uri"],
                        about: "The extension's schema."),
                    .fixed("required", .boolean, about: "Whether resources must have it."),
                ], about: "Its extensions."),
        ])

    static let schema: SchemaDefinition = {
        let characteristics: [AttributeDefinition] = [
            AttributeDefinition("name", required: true, exact: true, is: .readOnly, about: "The attribute's name."),
            AttributeDefinition(
                "type", required: true, is: .readOnly,
                canonical: ["string", "complex", "boolean", "decimal", "integer", "dateTime", "reference", "binary"],
                about: "Its type."),
            .fixed("multiValued", .boolean, about: "Whether it has many values."),
            AttributeDefinition("description", exact: true, is: .readOnly, about: "What it is."),
            .fixed("required", .boolean, about: "Whether it must be there."),
            AttributeDefinition(
                "canonicalValues", many: true, exact: true, is: .readOnly, about: "Values that are suggested."),
            AttributeDefinition("caseExact", .boolean, is: .readOnly, about: "Whether case counts."),
            AttributeDefinition(
                "mutability", exact: true, is: .readOnly,
                canonical: ["readOnly", "readWrite", "immutable", "writeOnly"],
                about: "Whether clients change it."),
            AttributeDefinition(
                "returned", exact: true, is: .readOnly, canonical: ["always", "never", "default", "request"],
                about: "When it is answered."),
            AttributeDefinition(
                "uniqueness", exact: true, is: .readOnly, canonical: ["none", "server", "global"],
                about: "Where it is unique."),
            AttributeDefinition(
                "referenceTypes", many: true, exact: true, is: .readOnly, about: "What it may refer to."),
        ]
        return SchemaDefinition(
            "urn:ietf:params:scim:schemas:core:2.0:Schema", "Schema", "A schema and its attributes",
            [
                AttributeDefinition("id", required: true, exact: true, is: .readOnly, about: "The schema's URI."),
                AttributeDefinition("name", is: .readOnly, about: "Its name."),
                AttributeDefinition("description", is: .readOnly, about: "What it is."),
                AttributeDefinition(
                    "attributes", .complex, many: true, required: true, is: .readOnly,
                    of: characteristics + [
                        AttributeDefinition(
                            "subAttributes", .complex, many: true, is: .readOnly, of: characteristics,
                            about: "Its sub-attributes.")
                    ], about: "Its attributes."),
            ])
    }()
}

extension AttributeDefinition {
    fileprivate static func fixed(_ name: String, _ type: ValueType = .string, about: String) -> AttributeDefinition {
        AttributeDefinition(name, type, required: true, is: .readOnly, about: about)
    }

    fileprivate static func feature(_ name: String, _ more: [AttributeDefinition] = [], about: String)
        -> AttributeDefinition
    {
        AttributeDefinition(
            name, .complex, required: true, is: .readOnly,
            of: [.fixed("supported", .boolean, about: "Whether it is supported.")] + more, about: about)
    }
}
