internal import Cryptography
internal import StrictJSON

/// A provider's public key for verifying signatures: RSA, P-256, P-384 or Ed25519.
///
/// Source: RFC 7517 §4; RFC 7518 §6; RFC 8037 §2.
package struct JSONWebKey: Sendable {
    private enum Material {
        case rsa(RSAPublicKey)
        case ec(ECPublicKey)
        case ed25519(Ed25519PublicKey)
    }

    package let keyID: String?
    /// The one algorithm that the provider allows for this key, where it says.
    package let algorithm: SignatureAlgorithm?
    private let material: Material

    /// Whether a signature by `candidate` can be this key's: the key's type, and its own `alg` where it has one.
    package func fits(_ candidate: SignatureAlgorithm) -> Bool {
        guard algorithm == nil || algorithm == candidate else { return false }
        return switch (candidate, material) {
        case (.rs256, .rsa), (.rs384, .rsa), (.rs512, .rsa), (.ps256, .rsa): true
        case (.es256, .ec(let key)): key.curve == .p256
        case (.es384, .ec(let key)): key.curve == .p384
        case (.edDSA, .ed25519): true
        default: false
        }
    }

    package func isValidSignature(
        _ signature: [UInt8], for message: [UInt8], algorithm: SignatureAlgorithm
    ) -> Bool {
        guard fits(algorithm) else { return false }
        return switch (algorithm, material) {
        case (.rs256, .rsa(let key)): key.isValidSignature(signature, for: message, algorithm: .pkcs1(.sha256))
        case (.rs384, .rsa(let key)): key.isValidSignature(signature, for: message, algorithm: .pkcs1(.sha384))
        case (.rs512, .rsa(let key)): key.isValidSignature(signature, for: message, algorithm: .pkcs1(.sha512))
        case (.ps256, .rsa(let key)): key.isValidSignature(signature, for: message, algorithm: .pss(.sha256))
        case (.es256, .ec(let key)), (.es384, .ec(let key)): key.isValidSignature(signature, for: message)
        case (.edDSA, .ed25519(let key)): key.isValidSignature(signature, for: message)
        default: false
        }
    }

    /// Why a published key is not used; the rest of the set still is.
    package enum Unusable: Error, Hashable, Sendable {
        case notAnObject
        /// A member is absent or has another type than the standard gives it.
        case member(String)
        case type(String)
        case curve(String)
        /// `use` or `key_ops` reserves it for something other than verifying signatures.
        case purpose
        case algorithm(String)
        /// The number itself: too short, too long, off its curve.
        case invalid
        /// A private member lies in the open; whoever read it can sign as the provider.
        case privateKeyPublished
        /// Another key of the set has the same `kid`; neither is used.
        case duplicateKeyID(String)
    }

    init(_ json: JSON) throws(Unusable) {
        guard let members = try? JSONMembers(json) else { throw .notAnObject }
        let type = try Self.string("kty", in: members)
        guard ["RSA", "EC", "OKP"].contains(type) else { throw .type(type) }
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] where members.has(name) { throw .privateKeyPublished }
        keyID = try Self.optionalString("kid", in: members)
        if let use = try Self.optionalString("use", in: members), use != "sig" { throw .purpose }
        if members.has("key_ops") {
            guard let operations = try? members.strings("key_ops") else { throw .member("key_ops") }
            guard operations.contains("verify") else { throw .purpose }
        }
        if let name = try Self.optionalString("alg", in: members) {
            guard let known = SignatureAlgorithm(rawValue: name) else { throw .algorithm(name) }
            algorithm = known
        } else {
            algorithm = nil
        }
        material = try Self.material(type, members)
        if let algorithm, !fits(algorithm) { throw .algorithm(algorithm.rawValue) }
    }

    private static func material(_ type: String, _ members: JSONMembers) throws(Unusable) -> Material {
        if type == "RSA" {
            let modulus = try octets("n", in: members)
            let exponent = try octets("e", in: members)
            guard let key = try? RSAPublicKey(modulus: modulus, exponent: exponent) else { throw .invalid }
            return .rsa(key)
        }
        let curve = try string("crv", in: members)
        let x = try octets("x", in: members)
        switch (type, curve) {
        case ("EC", "P-256"), ("EC", "P-384"):
            let y = try octets("y", in: members)
            guard let key = try? ECPublicKey(curve: curve == "P-256" ? .p256 : .p384, x: x, y: y) else {
                throw .invalid
            }
            return .ec(key)
        case ("OKP", "Ed25519"):
            guard let key = try? Ed25519PublicKey(x) else { throw .invalid }
            return .ed25519(key)
        default: throw .curve(curve)
        }
    }

    private static func string(_ name: String, in members: JSONMembers) throws(Unusable) -> String {
        do { return try members.string(name) } catch { throw .member(name) }
    }

    private static func optionalString(_ name: String, in members: JSONMembers) throws(Unusable) -> String? {
        do { return try members.optionalString(name) } catch { throw .member(name) }
    }

    private static func octets(_ name: String, in members: JSONMembers) throws(Unusable) -> [UInt8] {
        guard let octets = Base64URL.decode(try string(name, in: members)) else { throw .member(name) }
        return octets
    }
}
