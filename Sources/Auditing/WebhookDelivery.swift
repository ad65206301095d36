internal import Audit
package import HTTPClient

/// Posts each batch as one JSON array. Any 2xx answer takes it; everything else is tried again.
///
/// The header `Idempotency-Key` is the same for the same first record, so that a receiver can drop what it has already.
package struct WebhookDelivery: AuditDelivery {
    static let timeout = Duration.seconds(30)
    static let longestRetryAfter = 300

    private let name: String
    private let url: String
    private let client: HTTPClient
    private let token: @Sendable () -> String?

    /// `token`: read for each request, so that it can be replaced in its file; nil where none is configured.
    package init(name: String, url: String, client: HTTPClient, token: @escaping @Sendable () -> String?) {
        self.name = name
        self.url = url
        self.client = client
        self.token = token
    }

    package func deliver(_ batch: [ExportedRecord]) async throws(DeliveryFailure) {
        guard let first = batch.first, let last = batch.last else { return }
        var body: [UInt8] = [0x5B]
        for (index, exported) in batch.enumerated() {
            if index > 0 { body.append(0x2C) }
            body += exported.json
        }
        body.append(0x5D)
        var headers: HTTPHeaders = [
            "Content-Type": "application/json",
            "Idempotency-Key": "\(name)-\(first.record.sequence)-\(last.record.sequence)",
        ]
        if let token = token() { headers.append("Authorization", "Bearer \(token)") }
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(
                HTTPRequest(
                    method: .post, url: url, headers: headers, body: body, maximumResponseBytes: 65_536,
                    timeout: Self.timeout, isRepeatable: true))
        } catch { throw DeliveryFailure("\(url): \(error.explanation)") }
        guard (200..<300).contains(response.status) else {
            let wait = response.headers["Retry-After"].flatMap { Int($0) }.map {
                min(max(0, $0), Self.longestRetryAfter)
            }
            throw DeliveryFailure("\(url) answers with status \(response.status)", retryAfter: wait)
        }
    }
}
