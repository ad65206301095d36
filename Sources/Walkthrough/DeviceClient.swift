package import Cryptography
internal import Sessions
internal import SignedDocuments
package import StrictJSON

/// A device's side of the sign-in, without an agent: for tests and the bench.
package struct DeviceClient: Sendable {
    package let key: Ed25519PrivateKey
    package let server: String
    private let transport: WebTransport
    private let randomness: Randomness
    private let clock: @Sendable () -> Int
    private var nonce: String?

    package init(
        key: Ed25519PrivateKey, server: String, transport: WebTransport, randomness: Randomness = .system,
        clock: @escaping @Sendable () -> Int
    ) {
        self.key = key
        self.server = server
        self.transport = transport
        self.randomness = randomness
        self.clock = clock
    }

    package struct Answer: Sendable {
        package let status: Int
        package let json: JSON
        package func string(_ name: String) -> String? { json.objectValue?[name]?.stringValue }
        package func integer(_ name: String) -> Int? { json.objectValue?[name]?.integerValue }
        package var error: String? { string("error") }
    }

    /// `renewing`: the session to be renewed.
    package mutating func beginSignIn(
        loopbackPort: Int? = nil, name: String = "laptop", renewing session: String? = nil
    ) async throws -> Answer {
        var form = ["client_id": "ztna-agent", "device_name": name, "device_os": "Debian GNU/Linux 12"]
        if let loopbackPort { form["loopback_port"] = String(loopbackPort) }
        if let session { form["renew_session"] = session }
        return try await post("/oauth2/device_authorization", form: form)
    }

    package mutating func poll(_ deviceCode: String, loopbackCode: String? = nil) async throws -> Answer {
        var form = [
            "client_id": "ztna-agent", "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": deviceCode,
        ]
        if let loopbackCode { form["loopback_code"] = loopbackCode }
        return try await post("/oauth2/token", form: form)
    }

    package mutating func refresh(_ token: String, attempt: String? = nil) async throws -> Answer {
        var form = ["client_id": "ztna-agent", "grant_type": "refresh_token", "refresh_token": token]
        if let attempt { form["attempt"] = attempt }
        return try await post("/oauth2/token", form: form)
    }

    package mutating func revoke(_ token: String) async throws -> Answer {
        try await post("/oauth2/revoke", form: ["token": token])
    }

    /// Takes a sign-in back.
    package mutating func withdraw(_ deviceCode: String) async throws -> Answer {
        try await post("/oauth2/revoke", form: ["token": deviceCode, "token_type_hint": "device_code"])
    }

    package mutating func register(_ registration: String, accessToken: String) async throws -> Answer {
        let body: JSON = ["registration": .string(registration)]
        return try await call(
            "POST", "/v1/node", body: body.encoded(), type: "application/json", accessToken: accessToken)
    }

    /// One of the questions below `/v1/`, with a JSON body.
    package mutating func ask(_ path: String, _ body: JSON, accessToken: String) async throws -> Answer {
        try await call("POST", path, body: body.encoded(), type: "application/json", accessToken: accessToken)
    }

    package mutating func post(_ path: String, form: [String: String]) async throws -> Answer {
        let text = form.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.escaped($0.value))" }.joined(separator: "&")
        return try await call("POST", path, body: Array(text.utf8), type: "application/x-www-form-urlencoded")
    }

    /// One call with its proof; asked for a nonce, it tries again, and once more in case the server has been restarted in
    /// between. `proof` replaces the proof, for hostile tests.
    package mutating func call(
        _ method: String, _ path: String, body: [UInt8], type: String, accessToken: String? = nil, proof: String? = nil
    ) async throws -> Answer {
        for _ in 0..<3 {
            let text =
                try proof
                ?? DPoPProofMaking.proof(
                    method: method, url: server + path, nonce: nonce, accessToken: accessToken,
                    id: randomness.token(16),
                    now: clock(), by: key)
            var headers = [(name: "Content-Type", value: type), (name: "DPoP", value: text)]
            if let accessToken { headers.append(("Authorization", "DPoP \(accessToken)")) }
            let response = try await transport.send(
                WebRequest(method: method, url: server + path, headers: headers, body: body))
            if let fresh = response.header("DPoP-Nonce") { nonce = fresh }
            let answer = Answer(
                status: response.status, json: (try? JSON(parsing: response.body)) ?? .string(response.text))
            guard answer.error == "use_dpop_nonce", proof == nil else { return answer }
        }
        throw WalkthroughError.unexpected("the server asked for a nonce three times")
    }

    package var currentNonce: String? { nonce }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + Hexadecimal.encode([byte]).uppercased()
            }
        }.joined()
    }
}
