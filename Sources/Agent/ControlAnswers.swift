internal import Cryptography
package import Identity
internal import SignedDocuments
internal import StrictJSON

/// The answer to a device authorization request. Source: RFC 8628 §3.2.
package struct DeviceAuthorizationAnswer: Hashable, Sendable {
    package let deviceCode: String
    package let userCode: String
    package let verificationURI: String
    package let verificationURIComplete: String
    /// For a browser on this machine, where a loopback port was named.
    package let verificationURILocal: String?
    package let expiresIn: Int
    /// Seconds between polls.
    package let interval: Int
    /// Two digits that the person picks on another machine's page.
    package let number: String

    init(parsing body: [UInt8]) throws(ControlError) {
        do {
            let members = try JSONMembers(parsing: body)
            deviceCode = try members.string("device_code")
            userCode = try members.string("user_code")
            verificationURI = try members.string("verification_uri")
            verificationURIComplete = try members.string("verification_uri_complete")
            verificationURILocal = try members.optionalString("verification_uri_local")
            expiresIn = min(max(try members.integer("expires_in"), 1), 3600)
            // RFC 8628 §3.2: five seconds where the server does not say.
            interval = min(max(try members.optionalInteger("interval") ?? 5, 0), 60)
            number = try members.members["number"]?.integerValue.map(String.init) ?? members.string("number")
        } catch { throw .malformed("device authorization") }
    }
}

/// What an approved sign-in is answered with.
package protocol RedeemedAnswer: Sendable {
    init(parsing body: [UInt8]) throws(ControlError)
}

/// DPoP-bound tokens. Source: RFC 6749 §5.1, RFC 9449 §5.
package struct TokenAnswer: Hashable, RedeemedAnswer {
    package let accessToken: String
    package let expiresIn: Int
    package let refreshToken: String
    package let session: SessionID
    package let sessionExpiresAt: Int

    package init(parsing body: [UInt8]) throws(ControlError) {
        do {
            let members = try JSONMembers(parsing: body)
            // RFC 9449 §5: any other type would be a token that is not bound to our key.
            guard try members.string("token_type") == "DPoP",
                let session = SessionID(try members.string("session_id"))
            else { throw ControlError.malformed("token_type or session_id") }
            accessToken = try members.string("access_token")
            expiresIn = min(max(try members.integer("expires_in"), 0), 86_400)
            refreshToken = try members.string("refresh_token")
            self.session = session
            sessionExpiresAt = try members.integer("session_expires_at")
        } catch let error as ControlError { throw error } catch { throw .malformed("token answer") }
    }
}

/// What a renewed sign-in is answered with: the session and its tokens stay.
package struct RenewalAnswer: Hashable, RedeemedAnswer {
    package let session: SessionID
    package let sessionExpiresAt: Int
    /// The renewal has come through when our own authorization says so.
    package let mfaAt: Int?

    package init(parsing body: [UInt8]) throws(ControlError) {
        do {
            let members = try JSONMembers(parsing: body)
            guard try members.bool("renewed"), let session = SessionID(try members.string("session_id")) else {
                throw ControlError.malformed("renewal")
            }
            self.session = session
            sessionExpiresAt = try members.integer("session_expires_at")
            mfaAt = try members.optionalInteger("mfa_at")
        } catch let error as ControlError { throw error } catch { throw .malformed("renewal") }
    }
}

/// The server's control keys. Keys of other kinds are passed over; a `kid` that is not the thumbprint is refused.
enum ControlKeySet {
    static func parse(_ body: [UInt8]) throws(ControlError) -> [Ed25519PublicKey] {
        do {
            var keys: [Ed25519PublicKey] = []
            for json in try JSONMembers(parsing: body, maximumBytes: 65_536).array("keys") {
                let members = try JSONMembers(json)
                guard members.members["kty"]?.stringValue == "OKP" else { continue }
                let key = try Ed25519PublicKey(jwk: json)
                guard try members.string("kid") == key.thumbprint else { throw ControlError.malformed("kid") }
                keys.append(key)
            }
            guard !keys.isEmpty else { throw ControlError.malformed("control key") }
            return keys
        } catch let error as ControlError { throw error } catch { throw .malformed("key set") }
    }
}
