package import Cryptography
package import NetworkAddresses
internal import SignedDocuments
internal import StrictJSON

/// What a device says of its node, signed by the device key: nobody, the coordinator included, can put another
/// WireGuard key in its place. `ztna-registration+jwt`, valid until replaced.
///
/// Claims: `aud` (the server's URL), `iat`, `wg` (X25519, base64url), `host`, `os`, `endpoints` (at most 16 `address:port`).
/// Source: DESIGN §3, §4.
package struct NodeRegistration: Hashable, Sendable {
    package static let maximumEndpoints = 16

    package var server: String
    package var issuedAt: Int
    package var wireGuardKey: X25519PublicKey
    /// What the device calls itself: a wish, at most 253 bytes without controls.
    package var hostName: String
    package var operatingSystem: String
    package var endpoints: [Endpoint]

    package init(
        server: String, issuedAt: Int, wireGuardKey: X25519PublicKey, hostName: String, operatingSystem: String,
        endpoints: [Endpoint]
    ) {
        self.server = server
        self.issuedAt = issuedAt
        self.wireGuardKey = wireGuardKey
        self.hostName = hostName
        self.operatingSystem = operatingSystem
        self.endpoints = Array(endpoints.prefix(Self.maximumEndpoints))
    }

    package func signed(by device: any Signer) throws -> String {
        let claims: JSON = [
            "aud": .string(server), "iat": .integer(issuedAt), "wg": .string(wireGuardKey.base64url),
            "host": .string(hostName), "os": .string(operatingSystem),
            "endpoints": .array(endpoints.map { .string($0.description) }),
        ]
        return try SignedDocument.sign(
            claims, type: .registration, by: device, header: ["kid": .string(device.publicKey.thumbprint)])
    }

    /// Errors: `document`, `malformed`, `mismatch("aud")`. A host name with control characters is refused.
    package init(verifying text: String, device: Ed25519PublicKey, server: String) throws(WireError) {
        do {
            let claims = try SignedDocument.verify(text, type: .registration, keys: [device.thumbprint: device])
            guard try claims.string("aud") == server else { throw WireError.mismatch("aud") }
            self.server = server
            issuedAt = try claims.integer("iat")
            wireGuardKey = try X25519PublicKey(base64url: claims.string("wg"))
            hostName = try Self.plainText(claims.string("host"), maximum: 253, name: "host")
            operatingSystem = try Self.plainText(claims.string("os"), maximum: 128, name: "os")
            let texts = try claims.strings("endpoints")
            guard texts.count <= Self.maximumEndpoints else { throw WireError.malformed("endpoints") }
            endpoints = try texts.map { text in
                guard let endpoint = Endpoint(text) else { throw WireError.malformed("endpoints") }
                return endpoint
            }
        } catch let error as WireError { throw error } catch let error as DocumentError {
            throw .document(error)
        } catch { throw .malformed("registration") }
    }

    private static func plainText(_ text: String, maximum: Int, name: String) throws(WireError) -> String {
        guard text.utf8.count <= maximum,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else { throw .malformed(name) }
        return text
    }
}
