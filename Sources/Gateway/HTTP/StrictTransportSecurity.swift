internal import HTTPTypes
internal import Hummingbird

/// Tells browsers to use nothing but TLS here for a year: a code typed from a terminal comes without `https://`.
///
/// Source: RFC 6797 §6.1. Without `includeSubDomains`: other hosts of the domain are not ours to decide about.
struct StrictTransportSecurity: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers.set(.strictTransportSecurity, "max-age=31536000")
        return response
    }
}
