/// Why a SCIM request is refused: what kind, and a sentence that helps whoever set the client up.
///
/// The sentence may hold received text, so it goes through `SCIMText.printable` when it is made.
package struct SCIMError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// 400 with a detail keyword; 409 for `uniqueness`.
        case refused(SCIMErrorType)
        case unauthorized, forbidden, notFound, conflict, preconditionFailed
        case methodNotAllowed(allowed: [SCIMRequest.Method])
        case payloadTooLarge, unsupportedMediaType, tooManyRequests, notImplemented
    }

    package let kind: Kind
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = SCIMText.printable(detail, limit: 400)
    }

    package init(_ type: SCIMErrorType, _ detail: String) { self.init(.refused(type), detail) }

    package static func notFound(_ type: ResourceType, _ id: String) -> SCIMError {
        SCIMError(.notFound, "\(type.rawValue) \(SCIMText.printable(id)) does not exist")
    }
}
