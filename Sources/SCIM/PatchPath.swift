/// Where a PATCH operation acts: `name`, `name.sub`, `name[filter]`, `name[filter].sub`, or a whole schema.
///
/// Source: RFC 7644 §3.5.2, figure 7.
package enum PatchPath: Hashable, Sendable {
    case attribute(AttributePath)
    /// Elements of the attribute that fulfil the filter, or one sub-attribute of them.
    case elements(AttributePath, Filter, sub: AttributeDefinition?)
    /// All attributes of an extension; nil: of the resource.
    case schema(extensionID: String?)
    case unknown(String)

    /// Errors: `invalidPath`; `invalidFilter` for what stands in brackets.
    package init(parsing text: String, for type: ResourceType, limits: Filter.Limits = Filter.Limits())
        throws(SCIMError)
    {
        guard text.utf8.count <= limits.length else {
            throw SCIMError(.invalidPath, "the path is longer than \(limits.length) bytes")
        }
        let bytes = Array(text.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "[")) ?? bytes.count
        let name = String(decoding: bytes[..<end], as: UTF8.self)
        guard !name.isEmpty, name.utf8.allSatisfy(FilterParser.isNameByte) else { throw Self.invalid(text) }
        let target = type.resolve(name)
        guard end < bytes.count else {
            self =
                switch target {
                case .attribute(let path): .attribute(path)
                case .schema(let id): .schema(extensionID: id)
                case .unknown: .unknown(name)
                }
            return
        }
        guard case .attribute(let path) = target else {
            if case .unknown = target {
                self = .unknown(name)
                return
            }
            throw Self.invalid(text)
        }
        guard path.subAttribute == nil else { throw Self.invalid(text) }
        var parser = FilterParser(bytes: bytes, limits: limits, position: end)
        guard case .element(_, let filter) = try parser.parseBrackets(of: path) else { throw Self.invalid(text) }
        let rest = bytes[parser.position...]
        guard let dot = rest.first else {
            self = .elements(path, filter, sub: nil)
            return
        }
        let subName = String(decoding: rest.dropFirst(), as: UTF8.self)
        guard dot == UInt8(ascii: "."), let sub = path.attribute.subAttribute(subName) else { throw Self.invalid(text) }
        self = .elements(path, filter, sub: sub)
    }

    private static func invalid(_ text: String) -> SCIMError {
        SCIMError(
            .invalidPath, "`\(SCIMText.printable(text))` is not a path: as in members[value eq \"…\"] or name.givenName"
        )
    }
}
