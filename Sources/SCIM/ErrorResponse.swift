package import StrictJSON

/// The wire form of a refusal. Source: RFC 7644 §3.12, tables 8 and 9.
extension SCIMError {
    package static let schema = "urn:ietf:params:scim:api:messages:2.0:Error"

    package var status: Int {
        switch kind {
        case .refused(.uniqueness), .conflict: 409
        case .refused: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .preconditionFailed: 412
        case .payloadTooLarge: 413
        case .unsupportedMediaType: 415
        case .tooManyRequests: 429
        case .notImplemented: 501
        }
    }

    package var scimType: SCIMErrorType? { if case .refused(let type) = kind { type } else { nil } }

    /// `status` is a string on the wire.
    package var json: JSON {
        var members: [String: JSON] = [
            "schemas": [.string(Self.schema)], "status": .string(String(status)), "detail": .string(detail),
        ]
        if let scimType { members["scimType"] = .string(scimType.rawValue) }
        return .object(members)
    }
}
