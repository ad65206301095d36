internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import NIOCore

/// One request of a person's browser: its cookies, its form, and the checks every form passes.
struct BrowserRequest: Sendable {
    enum Failure: Error, Hashable { case tooLarge, malformed, forged }

    let request: Request
    /// The browser's own secret; nil when it has none yet.
    let cookie: String?

    init(_ request: Request) {
        self.request = request
        cookie = SignInCookie.browser.value(in: request.headers.value(.cookie))
    }

    var cookieHash: [UInt8]? { cookie.map(SignInCookie.hash) }

    var signIn: RecordID? { SignInCookie.signIn.value(in: request.headers.value(.cookie)).flatMap { RecordID($0) } }
    var localToken: String? { SignInCookie.local.value(in: request.headers.value(.cookie)) }

    /// The form, if its CSRF token belongs to this browser's cookie and the request says that it comes from our own pages.
    func form(secrets: GatewaySecrets, origin: String) async throws(Failure) -> (FormBody, cookieHash: [UInt8]) {
        // Fetch Metadata and Origin, where the browser sends them: a second line behind the token.
        if let site = request.headers.value(.fetchSite), site != "same-origin", site != "none" {
            throw .forged
        }
        if let from = request.headers.value(.origin), from != "null", from != origin { throw .forged }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: 64 * 1024) } catch { throw .tooLarge }
        let form: FormBody
        do throws(FormBody.Failure) { form = try FormBody(parsing: body.readableBytesView) } catch { throw .malformed }
        guard let cookie, let cookieHash, let token = form["csrf"],
            constantTimeEqual(Array(token.utf8), Array(secrets.csrfToken(forCookie: cookie).utf8))
        else { throw .forged }
        return (form, cookieHash)
    }

}
