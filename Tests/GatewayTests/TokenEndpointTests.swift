import Cryptography
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

@Suite struct `The authorization server` {
    /// Source: RFC 8414 §2, RFC 8628 §4, RFC 9449 §5.1.
    @Test func `describes itself, and serves every address that it names`() async throws {
        let harness = try await GatewayHarness()
        let server = GatewayHarness.server
        let answer = try await harness.transport.send(
            WebRequest(url: server + "/.well-known/oauth-authorization-server"))
        #expect(answer.status == 200)
        #expect(answer.header("Content-Type") == "application/json")
        let expected: JSON = [
            "issuer": .string(server), "token_endpoint": .string(server + "/oauth2/token"),
            "device_authorization_endpoint": .string(server + "/oauth2/device_authorization"),
            "revocation_endpoint": .string(server + "/oauth2/revoke"), "jwks_uri": .string(server + "/oauth2/jwks"),
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            "response_types_supported": [], "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": ["EdDSA"],
        ]
        #expect(try JSON(parsing: answer.body) == expected)
        for name in ["token_endpoint", "device_authorization_endpoint", "revocation_endpoint"] {
            let url = try #require(expected.objectValue?[name]?.stringValue)
            let refused = try await harness.transport.send(WebRequest(method: "POST", url: url, body: []))
            #expect(refused.status == 400 && refused.text.contains("invalid_dpop_proof"), "\(name): \(refused.text)")
        }
        let keys = try await harness.transport.send(WebRequest(url: server + "/oauth2/jwks"))
        let key = try #require(JSON(parsing: keys.body).objectValue?["keys"]?.arrayValue?.first?.objectValue)
        #expect(key["kid"] == .string(harness.control.publicKey.thumbprint) && key["alg"] == "EdDSA")
        #expect(key["d"] == nil)
    }

    private static let device = "grant_type=urn:ietf:params:oauth:grant-type:device_code"
    private static let form = "application/x-www-form-urlencoded"

    /// Source: RFC 6749 §5.2, RFC 8628 §3.5 for a code that is nobody's.
    @Test(arguments: [
        ("grant_type=refresh_token&refresh_token=x", form, 401, "invalid_client"),
        ("client_id=other&\(device)&device_code=x", form, 401, "invalid_client"),
        ("client_id=ztna-agent", form, 400, "invalid_request"),
        ("client_id=ztna-agent&\(device)", form, 400, "invalid_request"),
        ("client_id=ztna-agent&grant_type=refresh_token", form, 400, "invalid_request"),
        ("client_id=ztna-agent&\(device)&device_code=x&device_code=x", form, 400, "invalid_request"),
        ("client_id=ztna-agent&\(device)&device_code=%f", form, 400, "invalid_request"),
        ("client_id=ztna-agent&\(device)&device_code=x", "application/json", 400, "invalid_request"),
        ("client_id=ztna-agent&a=" + String(repeating: "x", count: 16 << 10), form, 400, "invalid_request"),
        ("client_id=ztna-agent&grant_type=password", form, 400, "unsupported_grant_type"),
        ("client_id=ztna-agent&grant_type=authorization_code&code=x", form, 400, "unsupported_grant_type"),
        // RFC 6749 §3.1: without a value is as if it were not there.
        ("client_id=ztna-agent&grant_type=", form, 400, "invalid_request"),
        ("client_id=ztna-agent&\(device)&device_code=" + String(repeating: "A", count: 43), form, 400, "invalid_grant"),
        ("client_id=ztna-agent&\(device)&device_code=", form, 400, "invalid_request"),
        ("client_id=ztna-agent&grant_type=refresh_token&refresh_token=x", form, 400, "invalid_grant"),
    ])
    func `refuses a token request by the standard's name for its fault`(
        _ body: String, _ type: String, _ status: Int, _ error: String
    ) async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        // Brings the nonce.
        #expect(try await device.beginSignIn().status == 200)
        let path = "/oauth2/token"
        let proof = try DPoPProofMaking.proof(
            method: "POST", url: GatewayHarness.server + path, nonce: device.currentNonce, accessToken: nil,
            id: "identifier-1", now: harness.clock.now, by: device.key)
        let answer = try await harness.transport.send(
            WebRequest(
                method: "POST", url: GatewayHarness.server + path,
                headers: [("Content-Type", type), ("DPoP", proof)], body: Array(body.utf8)))
        let members = try JSONMembers(parsing: answer.body)
        #expect(try answer.status == status && members.string("error") == error, "\(answer.text)")
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.header("Cache-Control") == "no-store" && answer.header("DPoP-Nonce") != nil)
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        let words = try members.string("error_description")
        #expect(words.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }, "\(words)")
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
    }
}
