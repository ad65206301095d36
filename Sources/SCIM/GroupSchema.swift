/// The core Group. Its members are people; groups do not nest. Source: RFC 7643 §4.2, §8.7.1.
extension SchemaDefinition {
    package static let group = SchemaDefinition(
        "urn:ietf:params:scim:schemas:core:2.0:Group", "Group", "Group",
        AttributeDefinition.common + [
            AttributeDefinition(
                "displayName", required: true, unique: .server, about: "The name by which policies address the group."),
            AttributeDefinition(
                "members", .complex, many: true,
                of: [
                    AttributeDefinition("value", exact: true, is: .immutable, about: "The member's id."),
                    AttributeDefinition(
                        "$ref", .reference, exact: true, is: .immutable, refers: ["User"],
                        about: "The member's address."),
                    AttributeDefinition("type", is: .immutable, canonical: ["User"], about: "Members are people."),
                    AttributeDefinition(
                        "display", is: .readOnly, returned: .request,
                        about: "The member's name; answered when attributes names it."),
                ], about: "The people in the group."),
        ])
}
