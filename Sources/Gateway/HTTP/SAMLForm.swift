internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import SAML
internal import WebAddresses

/// A SAML message in a form that a browser posts from its provider's site: no cookie, no CSRF token, larger than our own.
enum SAMLForm {
    /// What a response of 256 KiB takes in base64 and escapes, and more than that.
    static let maximumBytes = 512 * 1024

    /// Errors: `BrowserRequest.Failure`.
    static func message(in request: Request) async throws -> PostedMessage {
        let type = request.headers.value(.contentType)?.prefix { $0 != ";" } ?? ""
        guard type.lowercased().filter({ $0 != " " }) == FormEncoding.contentType else {
            throw BrowserRequest.Failure.malformed
        }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: maximumBytes) } catch {
            throw BrowserRequest.Failure.tooLarge
        }
        guard let items = FormEncoding.decode(String(buffer: body), limit: maximumBytes) else {
            throw BrowserRequest.Failure.malformed
        }
        do throws(SAMLError) { return try PostedMessage(items: items) } catch {
            switch error {
            case .messageTooLarge: throw BrowserRequest.Failure.tooLarge
            default: throw BrowserRequest.Failure.malformed
            }
        }
    }
}
