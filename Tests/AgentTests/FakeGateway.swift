import Agent
import Cryptography
import HTTPClient
import Identity
import Sessions
import SignedDocuments
import StrictJSON
import Synchronization
import Testing
import Wire

/// A server in this process: checks every proof as the real one does, and answers what a test prescribes.
final class FakeGateway: Sendable {
    struct Script {
        /// Answers of the token endpoint before the tokens, by name.
        var pollErrors: [String] = []
        /// Refreshes whose answer is lost on the way.
        var lostRefreshes = 0
        /// The name under which refreshes are refused.
        var refreshError: String?
        /// The key that registrations are confirmed for; nil: the device's own.
        var confirmedDevice: Ed25519PrivateKey?
        var netmap: [NetmapMessage] = []
        /// What a renewal is answered with: of which session, until when.
        var renewal: (session: Int, until: Int)?
        /// Answers of the questions, by path: status and body.
        var answers: [String: (status: Int, body: JSON)] = [:]
    }

    struct Record {
        var paths: [String] = []
        var refreshAttempts: [String] = []
        var revoked: [String] = []
        var registration = ""
        var streams = 0
        var renewed: [String] = []
        var questions: [String] = []
    }

    let documents: Documents
    let script: Mutex<Script>
    let record = Mutex(Record())
    private let clock: TestClock

    init(_ documents: Documents, clock: TestClock, script: Script = Script()) {
        self.documents = documents
        self.clock = clock
        self.script = Mutex(script)
    }

    var transport: ControlTransport {
        ControlTransport(
            send: { request async throws(HTTPError) in try self.answer(request) },
            stream: { request, _, receive in try await self.stream(request, receive) })
    }

    private func answer(_ request: HTTPRequest) throws(HTTPError) -> ControlResponse {
        if let refusal = refusal(of: request) { return refusal }
        let path = String(request.url.dropFirst(documents.server.count))
        record.withLock { $0.paths.append(path) }
        let form = Self.form(request.body ?? [])
        switch path {
        case "/oauth2/jwks":
            let key = documents.control.publicKey
            guard var members = key.jwk.objectValue else { return json(500, [:]) }
            members["kid"] = .string(key.thumbprint)
            return json(200, ["keys": .array([.object(members)])])
        case "/oauth2/device_authorization":
            if let session = form["renew_session"] { record.withLock { $0.renewed.append(session) } }
            return json(
                200,
                [
                    "device_code": "dc", "user_code": "BCDF-GHJK", "verification_uri": "https://v", "expires_in": 600,
                    "verification_uri_complete": "https://v?c", "interval": 2, "number": "42",
                ])
        case "/oauth2/token": return try token(form)
        case "/oauth2/revoke":
            record.withLock { $0.revoked.append(form["token"] ?? "") }
            return json(200, [:])
        case "/v1/node": return node(request)
        default:
            guard let answer = script.withLock({ $0.answers[path] }) else {
                return json(404, ["error": "invalid_request"])
            }
            record.withLock { $0.questions.append(String(decoding: request.body ?? [], as: UTF8.self)) }
            return json(answer.status, answer.body)
        }
    }

    private func token(_ form: [String: String]) throws(HTTPError) -> ControlResponse {
        if form["grant_type"] == "refresh_token" {
            record.withLock { $0.refreshAttempts.append(form["attempt"] ?? "") }
            let isLost = script.withLock { script in
                defer { script.lostRefreshes = max(script.lostRefreshes - 1, 0) }
                return script.lostRefreshes > 0
            }
            if isLost { throw .timedOut }
            if let error = script.withLock({ $0.refreshError }) {
                return json(400, ["error": .string(error), "error_description": "words"])
            }
        } else if let error = script.withLock({ $0.pollErrors.isEmpty ? nil : $0.pollErrors.removeFirst() }) {
            return json(400, ["error": .string(error), "error_description": "words"])
        }
        if form["grant_type"] != "refresh_token", let renewal = script.withLock({ $0.renewal }) {
            let session = String(repeating: "A", count: 19) + "\(renewal.session)"
            return json(
                200,
                [
                    "access_token": "at", "token_type": "DPoP", "expires_in": 300, "renewed": true,
                    "session_id": .string(session), "session_expires_at": .integer(renewal.until), "mfa_at": 7,
                ])
        }
        let session = String(repeating: "A", count: 19) + "800"
        return json(
            200,
            [
                "access_token": "at", "token_type": "DPoP", "expires_in": 300, "refresh_token": "rt",
                "session_id": .string(session), "session_expires_at": 86_400,
            ])
    }

    private func node(_ request: HTTPRequest) -> ControlResponse {
        guard let body = try? JSON(parsing: request.body ?? []),
            let text = body.objectValue?["registration"]?.stringValue,
            let proof = try? CompactJWS(parsing: request.headers["DPoP"] ?? ""), let jwk = proof.header.members["jwk"],
            let device = try? Ed25519PublicKey(jwk: jwk),
            (try? NodeRegistration(verifying: text, device: device, server: documents.server)) != nil
        else { return json(400, ["error": "invalid_request"]) }
        record.withLock { $0.registration = text }
        let other = script.withLock { $0.confirmedDevice }
        guard let id = try? Documents.id(1), let key = try? X25519PrivateKey(from: .system).publicKey,
            let confirmed = try? other.map({ try documents.registration($0, key) }) ?? text,
            let answer = try? documents.authorization(
                1, device: other?.publicKey ?? device, registration: confirmed)
        else { return json(500, [:]) }
        return json(200, RegistrationResponse(node: id.text, authorization: answer).json)
    }

    private func stream(_ request: HTTPRequest, _ receive: ControlTransport.Receive) async throws {
        if let refusal = refusal(of: request) {
            try await receive(.head(refusal))
            return try await receive(.body(refusal.body))
        }
        let messages = script.withLock { $0.netmap }
        record.withLock { $0.streams += 1 }
        try await receive(.head(json(200, [:])))
        for message in messages { try await receive(.body(message.json.encoded() + [0x0A])) }
        try await clock.sleepUntilCancelled()
    }

    /// The nonce and proof checks of every call.
    private func refusal(of request: HTTPRequest) -> ControlResponse? {
        let url = String(request.url.prefix { $0 != "?" })
        let token = request.headers["Authorization"].map { String($0.dropFirst("DPoP ".count)) }
        do {
            let proof = try DPoPProof(
                verifying: request.headers["DPoP"] ?? "", method: request.method.rawValue, url: url, accessToken: token,
                now: clock.now)
            return proof.nonce == "n1" ? nil : json(400, ["error": "use_dpop_nonce"])
        } catch {
            return json(400, ["error": "invalid_dpop_proof", "error_description": .string(error.explanation)])
        }
    }

    private func json(_ status: Int, _ body: JSON) -> ControlResponse {
        ControlResponse(status: status, nonce: "n1", body: body.encoded())
    }

    private static func form(_ body: [UInt8]) -> [String: String] {
        let pairs = String(decoding: body, as: UTF8.self).split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

/// Time that passes only by sleeping; a sleep of an hour or more lasts until its task is cancelled.
final class TestClock: Sendable {
    private let seconds = Mutex(1)

    var now: Int { seconds.withLock { $0 } }

    func set(_ time: Int) { seconds.withLock { $0 = time } }

    func sleep(_ duration: Duration) async throws {
        guard duration < .seconds(3600) else { return try await sleepUntilCancelled() }
        seconds.withLock { $0 += max(Int(duration.components.seconds), 1) }
        await Task.yield()
        try Task.checkCancellation()
    }

    func sleepUntilCancelled() async throws {
        let (never, _) = AsyncStream<Void>.makeStream()
        for await _ in never {}
        throw CancellationError()
    }
}
