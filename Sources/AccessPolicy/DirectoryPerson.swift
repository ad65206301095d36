package import Identity

/// Somebody whom the directory knows, with their devices if they have any: whom questions are asked about.
package struct DirectoryPerson: Hashable, Sendable {
    /// Who they are without any device, in the groups of their identity provider.
    package let principal: Principal
    /// Where each of these groups comes from, such as `scim` or `token-claim`.
    package let sources: [GroupName: [String]]
    package let devices: [DirectoryDevice]

    package init(principal: Principal, sources: [GroupName: [String]], devices: [DirectoryDevice] = []) {
        self.principal = principal
        self.sources = sources
        self.devices = devices
    }

    package var label: String { principal.label }

    /// The same person on one of the devices.
    package func principal(on device: DirectoryDevice) -> Principal {
        var result = principal
        result.node = device.node
        result.host = device.host
        result.tags = device.tags
        return result
    }

    /// Somebody without a device: no rule for a device or a tag names them.
    package static func withoutDevice(
        person: PersonID, email: EmailAddress?, displayName: String, provider: ProviderID, groups: Set<GroupName>
    ) -> Principal {
        var principal = Principal(describedBy: groups.map(Selector.group))
        principal.person = person
        principal.email = email
        principal.displayName = displayName
        principal.provider = provider
        return principal
    }
}

/// One node of a person.
package struct DirectoryDevice: Hashable, Sendable {
    package let node: NodeID
    package let host: HostName
    package let tags: Set<TagName>
    /// Nil: it is signed out, and no condition holds for it.
    package let context: Context?

    package init(node: NodeID, host: HostName, tags: Set<TagName>, context: Context?) {
        self.node = node
        self.host = host
        self.tags = tags
        self.context = context
    }
}

/// A node as somebody's destination.
package struct DirectoryDestination: Hashable, Sendable {
    package let principal: Principal
    /// Whose it is, in words; nil when nobody knows.
    package let person: String?

    package init(principal: Principal, person: String?) {
        self.principal = principal
        self.person = person
    }

    package var host: HostName { principal.host }
}
