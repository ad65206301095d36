internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import StrictJSON
internal import Wire

extension HTTPField.Name {
    static let contentSecurityPolicy = HTTPField.Name("Content-Security-Policy")
    static let dpop = HTTPField.Name("DPoP")
    static let dpopNonce = HTTPField.Name("DPoP-Nonce")
    static let frameOptions = HTTPField.Name("X-Frame-Options")
    static let fetchSite = HTTPField.Name("Sec-Fetch-Site")
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")
    static let permissionsPolicy = HTTPField.Name("Permissions-Policy")
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")
    static let refresh = HTTPField.Name("Refresh")
    static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")
}

extension HTTPFields {
    /// What every answer of one kind carries: made once.
    fileprivate init(constant fields: [(HTTPField.Name?, String)]) {
        self.init()
        for (name, value) in fields { set(name, value) }
    }

    /// `HTTPField.Name` of a constant is never nil, yet optional: a nil name sets nothing.
    mutating func set(_ name: HTTPField.Name?, _ value: String) {
        guard let name else { return }
        self[name] = value
    }
}

/// Responses of the gateway, each made in one place with the headers that belong to its kind.
enum Answer {
    /// A page: nothing but our own style sheet may load, nothing may frame it, nothing may keep it. `formsTo` is the one
    /// other origin that its form may be sent to.
    static func page(
        _ html: String, status: HTTPResponse.Status = .ok, cookies: [String] = [], continueTo: String? = nil,
        formsTo: String? = nil
    ) -> Response {
        var headers = pageHeaders
        if let formsTo { headers.set(.contentSecurityPolicy, contentSecurityPolicy(formsTo: formsTo)) }
        if let continueTo { headers.set(.refresh, "0; url=\(continueTo)") }
        for cookie in cookies { headers.append(HTTPField(name: .setCookie, value: cookie)) }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    private static let pageHeaders = HTTPFields(constant: [
        (.contentType, "text/html; charset=utf-8"), (.cacheControl, "no-store"),
        (.contentSecurityPolicy, contentSecurityPolicy(formsTo: "'self'")), (.frameOptions, "DENY"),
        (.xContentTypeOptions, "nosniff"),
        // The callback's address holds a code: it goes to nobody.
        (.referrerPolicy, "no-referrer"), (.permissionsPolicy, "camera=(), geolocation=(), microphone=()"),
        (.crossOriginOpenerPolicy, "same-origin"),
    ])

    private static func contentSecurityPolicy(formsTo origin: String) -> String {
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action \(origin); frame-ancestors 'none'; base-uri 'none'"
    }

    /// A step of the same sign-in, fetched by GET: reloading it repeats nothing.
    static func seeOther(_ location: String, cookies: [String] = []) -> Response {
        var headers = HTTPFields()
        headers.set(.location, location)
        headers.set(.cacheControl, "no-store")
        headers.set(.referrerPolicy, "no-referrer")
        for cookie in cookies { headers.append(HTTPField(name: .setCookie, value: cookie)) }
        return Response(status: .seeOther, headers: headers)
    }

    static func json(_ json: JSON, status: HTTPResponse.Status = .ok, nonce: String? = nil, retryAfter: Int? = nil)
        -> Response
    {
        var headers = jsonHeaders
        if let nonce { headers.set(.dpopNonce, nonce) }
        if let retryAfter { headers.set(.retryAfter, String(retryAfter)) }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json.encoded())))
    }

    private static let jsonHeaders = HTTPFields(constant: [
        (.contentType, "application/json"), (.cacheControl, "no-store"), (.xContentTypeOptions, "nosniff"),
    ])

    static func failure(_ failure: OAuthFailure, nonce: String?) -> Response {
        var response = json(
            ["error": .string(failure.name.rawValue), "error_description": .string(failure.description)],
            status: failure.status, nonce: nonce, retryAfter: failure.retryAfter)
        if failure.name == .invalidToken || failure.name == .useDPoPNonce {
            // RFC 9449 §7.1, §9.
            response.headers.set(.wwwAuthenticate, "DPoP error=\"\(failure.name.rawValue)\", algs=\"EdDSA\"")
        }
        if failure.name == .insufficientUserAuthentication {
            let age = failure.maxAge.map { ", max_age=\"\($0)\"" } ?? ""
            response.headers.set(.wwwAuthenticate, "DPoP error=\"\(failure.name.rawValue)\"\(age), algs=\"EdDSA\"")
        }
        return response
    }

    static func asset(_ text: String, type: String) -> Response {
        var headers = HTTPFields()
        headers.set(.contentType, type)
        headers.set(.cacheControl, "public, max-age=3600")
        headers.set(.xContentTypeOptions, "nosniff")
        headers.set(.contentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'")
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
