internal import Identity
internal import SignedXML

/// One EntityDescriptor, with what the EntitiesDescriptors around it say of time. Source: SAML Metadata 2.0 §2.3.1, §2.3.2.
struct FoundEntity {
    let element: XMLElement
    let entityID: String
    let validUntil: Int?
    let cacheDuration: Int?

    /// Errors: `wrongRoot`, `entity`, `malformed`.
    static func pick(from root: XMLElement, wanted: String?) throws(IdPMetadataError) -> FoundEntity {
        var found: [FoundEntity] = []
        try collect(root, validUntil: nil, cacheDuration: nil, into: &found)
        let candidates: [FoundEntity]
        if let wanted {
            candidates = found.filter { identical($0.entityID, wanted) }
        } else {
            // Of several entities, service providers among them, the only identity provider is meant.
            candidates = found.count == 1 ? found : found.filter(\.isIdentityProvider)
        }
        guard candidates.count == 1, let one = candidates.first else {
            throw .entity(wanted: wanted, found: found.filter(\.isIdentityProvider).prefix(20).map(\.entityID))
        }
        return one
    }

    static func speaksSAML2(_ role: XMLElement) -> Bool {
        role.value("protocolSupportEnumeration")?.split(whereSeparator: \.isWhitespace)
            .contains { identical(String($0), Namespace.protocol) } ?? false
    }

    static func time(_ element: XMLElement, _ name: String) throws(IdPMetadataError) -> Int? {
        guard let text = element.value(name) else { return nil }
        guard let time = SAMLTime.parse(collapsed(text)) else { throw .malformed(name) }
        return time
    }

    static func duration(_ element: XMLElement) throws(IdPMetadataError) -> Int? {
        guard let text = element.value("cacheDuration") else { return nil }
        guard let duration = SAMLTime.duration(collapsed(text)) else { throw .malformed("cacheDuration") }
        return duration
    }

    static func earlier(_ left: Int?, _ right: Int?) -> Int? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }

    private var isIdentityProvider: Bool { element.all(.md("IDPSSODescriptor")).contains(where: Self.speaksSAML2) }

    private static func collect(
        _ element: XMLElement, validUntil: Int?, cacheDuration: Int?, into found: inout [FoundEntity]
    ) throws(IdPMetadataError) {
        let isGroup = element.name.isExactly(.md("EntitiesDescriptor"))
        guard isGroup || element.name.isExactly(.md("EntityDescriptor")) else { throw .wrongRoot(element.name.local) }
        let end = earlier(validUntil, try time(element, "validUntil"))
        let cache = earlier(cacheDuration, try duration(element))
        guard isGroup else {
            guard let entityID = element.value("entityID"), (1...1_024).contains(entityID.utf8.count) else {
                throw .malformed("entityID")
            }
            found.append(
                FoundEntity(element: element, entityID: entityID, validUntil: end, cacheDuration: cache))
            return
        }
        for child in element.children
        where child.name.isExactly(.md("EntityDescriptor"))
            || child.name.isExactly(.md("EntitiesDescriptor"))
        {
            try collect(child, validUntil: end, cacheDuration: cache, into: &found)
        }
    }
}
