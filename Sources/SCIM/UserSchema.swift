/// The core User and its Enterprise extension. Source: RFC 7643 §4.1, §4.3, §8.7.1.
extension SchemaDefinition {
    package static let user = SchemaDefinition(
        "urn:ietf:params:scim:schemas:core:2.0:User", "User", "User Account",
        AttributeDefinition.common + [
            AttributeDefinition(
                "userName", required: true, returned: .always, unique: .server,
                about: "Identifies the person to the provisioning client; compared without regard to case."),
            AttributeDefinition(
                "name", .complex,
                of: [
                    AttributeDefinition("formatted", about: "The full name, for display."),
                    AttributeDefinition("familyName", about: "The family name."),
                    AttributeDefinition("givenName", about: "The given name."),
                    AttributeDefinition("middleName", about: "The middle names."),
                    AttributeDefinition("honorificPrefix", about: "A title, as in Ms."),
                    AttributeDefinition("honorificSuffix", about: "A suffix, as in III."),
                ], about: "The parts of the person's name."),
            AttributeDefinition("displayName", about: "The name shown to others."),
            AttributeDefinition("nickName", about: "The casual name."),
            AttributeDefinition(
                "profileUrl", .reference, exact: true, refers: ["external"], about: "A page about the person."),
            AttributeDefinition("title", about: "The person's title, as in Vice President."),
            AttributeDefinition("userType", about: "The relationship to the organisation, as in Employee."),
            AttributeDefinition("preferredLanguage", about: "As the value of Accept-Language, as in en-US."),
            AttributeDefinition("locale", about: "For currency, date and numbers, as in en-US."),
            AttributeDefinition("timezone", about: "A time zone's name, as in Europe/Berlin."),
            AttributeDefinition(
                "active", .boolean,
                about: "Whether the person may sign in; false ends sessions and connections at once."),
            AttributeDefinition(
                "password", exact: true, is: .writeOnly, returned: .never,
                about: "Accepted and thrown away: passwords stay with the identity provider."),
            .plural("emails", ["work", "home", "other"], about: "E-mail addresses."),
            .plural("phoneNumbers", ["work", "home", "mobile", "fax", "pager", "other"], about: "Telephone numbers."),
            .plural(
                "ims", ["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"], about: "Messaging addresses."),
            .plural(
                "photos", ["photo", "thumbnail"], type: .reference, refers: ["external"],
                about: "Addresses of pictures."),
            AttributeDefinition(
                "addresses", .complex, many: true,
                of: [
                    AttributeDefinition("formatted", about: "The full address, for display."),
                    AttributeDefinition("streetAddress", about: "Street and number."),
                    AttributeDefinition("locality", about: "The city."),
                    AttributeDefinition("region", about: "The state or region."),
                    AttributeDefinition("postalCode", about: "The postal code."),
                    AttributeDefinition("country", about: "The country, as in DE."),
                    AttributeDefinition(
                        "type", canonical: ["work", "home", "other"], about: "What the address is for."),
                    AttributeDefinition("primary", .boolean, about: "Whether it is the preferred one; at most one is."),
                ], about: "Postal addresses."),
            AttributeDefinition(
                "groups", .complex, many: true, is: .readOnly,
                of: [
                    AttributeDefinition("value", exact: true, is: .readOnly, about: "The group's id."),
                    AttributeDefinition(
                        "$ref", .reference, exact: true, is: .readOnly, refers: ["Group"], about: "The group's address."
                    ),
                    AttributeDefinition("display", is: .readOnly, about: "The group's name."),
                    AttributeDefinition("type", is: .readOnly, canonical: ["direct"], about: "Memberships are direct."),
                ], about: "The groups that the person is in; changed through the groups."),
            .plural("entitlements", [], about: "What the person is entitled to."),
            .plural("roles", [], about: "The person's roles."),
            .plural("x509Certificates", [], type: .binary, about: "Certificates, DER in base64."),
        ])

    package static let enterpriseUser = SchemaDefinition(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "EnterpriseUser", "Enterprise User",
        [
            AttributeDefinition("employeeNumber", about: "The number within the organisation."),
            AttributeDefinition("costCenter", about: "The cost center."),
            AttributeDefinition("organization", about: "The organisation."),
            AttributeDefinition("division", about: "The division."),
            AttributeDefinition("department", about: "The department."),
            AttributeDefinition(
                "manager", .complex,
                of: [
                    AttributeDefinition("value", exact: true, about: "The manager's id."),
                    AttributeDefinition(
                        "$ref", .reference, exact: true, refers: ["User"], about: "The manager's address."),
                    AttributeDefinition("displayName", is: .readOnly, about: "The manager's name."),
                ], about: "The person's manager."),
        ])
}

extension AttributeDefinition {
    /// What every resource has; `schemas` and `meta` are made at each answer. Source: RFC 7643 §3.1.
    static let common: [AttributeDefinition] = [
        AttributeDefinition(
            "id", exact: true, is: .readOnly, returned: .always, unique: .server,
            about: "Given by this server, never changed."),
        AttributeDefinition(
            "externalId", exact: true, about: "The provisioning client's own key; it also matches sign-ins."),
    ]

    /// Known to filters and projections though no Schema document lists them.
    static let schemas = AttributeDefinition(
        "schemas", .reference, many: true, exact: true, is: .readOnly, returned: .always, refers: ["uri"],
        about: "Schema URIs.")
    static let meta = AttributeDefinition(
        "meta", .complex, is: .readOnly,
        of: [
            AttributeDefinition("resourceType", exact: true, is: .readOnly, about: "The resource type's name."),
            AttributeDefinition("created", .dateTime, is: .readOnly, about: "When it was made."),
            AttributeDefinition("lastModified", .dateTime, is: .readOnly, about: "When it last changed."),
            AttributeDefinition(
                "location", .reference, exact: true, is: .readOnly, refers: ["uri"], about: "Its address."),
            AttributeDefinition("version", exact: true, is: .readOnly, about: "Its entity tag."),
        ], about: "About the resource.")

    /// value, display, type, primary. Source: RFC 7643 §2.4.
    static func plural(
        _ name: String, _ types: [String], type: ValueType = .string, refers: [String] = [], about: String
    ) -> AttributeDefinition {
        AttributeDefinition(
            name, .complex, many: true,
            of: [
                AttributeDefinition("value", type, exact: type != .string, refers: refers, about: "The value itself."),
                AttributeDefinition("display", about: "For display."),
                AttributeDefinition("type", canonical: types, about: "What it is for."),
                AttributeDefinition("primary", .boolean, about: "Whether it is the preferred one; at most one is."),
            ], about: about)
    }
}
