internal import CCurl

/// Requests over libcurl, within limits: https (HTTP/1.1, TLS 1.2 or later), no redirects, no cookies, no compression.
///
/// One thread does the work of one client. Connections are kept and used again. At most `maximumInFlight` transfers run
/// at a time, streams included; `maximumWaiting` more wait within their deadlines; beyond is `tooManyRequests`.
package final class HTTPClient: Sendable {
    static let longestTimeout = Duration.seconds(86_400)

    let policy: HTTPClientPolicy
    let inbox: TransferInbox

    /// Errors: `tlsFailed` when the policy's CA file cannot be used; `protocolError` when the system gives no thread.
    package init(
        policy: HTTPClientPolicy = HTTPClientPolicy(), maximumInFlight: Int = 32, maximumWaiting: Int = 256
    ) throws(HTTPError) {
        guard globalInitialisation == CURLE_OK,
            let inbox = TransferInbox(maximumOutstanding: maximumInFlight + maximumWaiting)
        else { throw .protocolError("libcurl cannot be initialised") }
        let settings = TransferSettings(
            addresses: AddressGuard(policy), useEnvironmentProxy: policy.useEnvironmentProxy,
            trustRoots: try policy.caFile.map(TrustRoots.init(adding:)))
        guard TransferLoop.start(inbox, settings, maximumInFlight: max(maximumInFlight, 1)) else {
            throw .protocolError("the system gives no thread")
        }
        self.policy = policy
        self.inbox = inbox
    }

    deinit { inbox.close() }

    /// The whole answer, whatever its status. Cancelling the task ends the transfer and throws `cancelled`.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let target = try RequestTarget(request, policy: policy)
        let delivery = Delivery(isStream: false)
        let deadline = ContinuousClock.now + min(request.timeout, Self.longestTimeout)
        let id = try inbox.submit(request, target, .total(deadline: deadline), to: delivery)
        let result = await withTaskCancellationHandler {
            await delivery.response()
        } onCancel: {
            delivery.finish(.failure(.cancelled))
            inbox.abort(id, .cancelled)
        }
        return try result.get()
    }

    /// A long-lived answer without total deadline: it fails with `timedOut` once no byte has come for `idleTimeout`.
    package func stream(_ request: HTTPRequest, idleTimeout: Duration) -> HTTPStream {
        HTTPStream(client: self, request: request, idleTimeout: idleTimeout)
    }

    /// Ends every transfer with `shutDown` and takes no more.
    package func shutdown() { inbox.close() }
}

/// Once for the process, before the first handle, as libcurl demands.
private let globalInitialisation = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
