import Cryptography
import Identity
import Sessions
import SignedDocuments
import StrictJSON
import Testing

@Suite struct `A DPoP proof` {
    private static let url = "https://ztna.example/token"
    private let key: Ed25519PrivateKey

    init() throws { key = try Samples.key(1) }

    /// A proof with some claims and header members put in, replaced or (null) taken away.
    private func proof(
        claims changes: [String: JSON] = [:], header: [String: JSON] = [:], type: DocumentType = .dpopProof
    ) throws -> String {
        var claims: [String: JSON] = ["htm": "POST", "htu": .string(Self.url), "iat": 1_000, "jti": "12345678"]
        for (name, value) in changes { claims[name] = value == .null ? nil : value }
        var members: [String: JSON] = ["jwk": key.publicKey.jwk]
        for (name, value) in header { members[name] = value == .null ? nil : value }
        return try SignedDocument.sign(.object(claims), type: type, by: key, header: members)
    }

    private func refusal(_ text: String, method: String = "POST", accessToken: String? = nil, now: Int = 1_000)
        -> DPoPError?
    {
        do throws(DPoPError) {
            _ = try DPoPProof(verifying: text, method: method, url: Self.url, accessToken: accessToken, now: now)
            return nil
        } catch { return error }
    }

    @Test func `made on the device is accepted, with the key's name`() throws {
        let text = try DPoPProofMaking.proof(
            method: "POST", url: Self.url, nonce: "n", accessToken: "at", id: "12345678", now: 990, by: key)
        let proof = try DPoPProof(verifying: text, method: "POST", url: Self.url, accessToken: "at", now: 1_000)
        #expect(proof.device.thumbprint == key.publicKey.thumbprint)
        #expect(proof.key == key.publicKey)
        #expect(proof.nonce == "n")
        #expect(proof.issuedAt == 990)
        #expect(proof.replayKey.count == 32)
    }

    @Test func `has one replay key for each key and identifier`() throws {
        let other = try Samples.key(2)
        let texts = try [(key, "12345678"), (key, "12345679"), (other, "12345678")].map { key, id in
            try DPoPProofMaking.proof(
                method: "POST", url: Self.url, nonce: nil, accessToken: nil, id: id, now: 1_000, by: key)
        }
        let keys = try texts.map { try DPoPProof(verifying: $0, method: "POST", url: Self.url, now: 1_000).replayKey }
        #expect(Set(keys).count == 3)
    }

    @Test(
        arguments: [
            (["htm": "GET"], .method), (["htm": .null], .method), (["htm": "post"], .method),
            (["htu": "https://ztna.example/other"], .url), (["htu": .null], .url),
            (["htu": "http://ztna.example/token"], .url),
            (["htu": "https://ztna.example/Token"], .url), (["htu": "https://ztna.example:444/token"], .url),
            (["iat": .null], .claims), (["iat": "1000"], .claims), (["iat": .number(1_000.5)], .claims),
            (["jti": .null], .claims), (["jti": "1234567"], .claims), (["jti": 12_345_678], .claims),
            (["jti": .string(String(repeating: "x", count: 257))], .claims),
            (["iat": 1_061], .clock(seconds: 61)), (["iat": 939], .clock(seconds: -61)),
            (["iat": .integer(Int.max)], .clock(seconds: Int.max - 1_000)),
            (["iat": .integer(Int.min)], .clock(seconds: Int.max)), (["htm": "POST"], nil), (["iat": 1_060], nil),
            (["iat": 940], nil), (["htu": "HTTPS://ZTNA.example/token"], nil),
            (["htu": "https://ztna.example/token?a=b#c"], nil),
        ] as [([String: JSON], DPoPError?)])
    func `is for this request and now`(_ changes: [String: JSON], _ expected: DPoPError?) throws {
        #expect(refusal(try proof(claims: changes)) == expected)
    }

    @Test func `names its key, and only a public Ed25519 key`() throws {
        let x = JSON.string(Base64URL.encode(key.publicKey.bytes))
        let keys: [JSON] = [
            .null, "text", ["kty": "OKP", "crv": "Ed25519"], ["kty": "OKP", "crv": "X25519", "x": x],
            ["kty": "EC", "crv": "Ed25519", "x": x], ["kty": "OKP", "crv": "Ed25519", "x": x, "d": x],
            ["kty": "OKP", "crv": "Ed25519", "x": "AA"], ["kty": "OKP", "crv": "Ed25519", "x": "****"],
        ]
        for jwk in keys { #expect(refusal(try proof(header: ["jwk": jwk])) == .key) }
    }

    @Test func `is signed by the key it shows`() throws {
        let other = try Samples.key(2)
        #expect(refusal(try proof(header: ["jwk": other.publicKey.jwk])) == .signature)
        // A point of small order verifies anything in lax verifiers.
        var identity = [UInt8](repeating: 0, count: 32)
        identity[0] = 1
        let weak: JSON = ["kty": "OKP", "crv": "Ed25519", "x": .string(Base64URL.encode(identity))]
        #expect(refusal(try proof(header: ["jwk": weak])) == .signature)
    }

    @Test func `has its own type, algorithm and shape`() throws {
        #expect(refusal(try proof(type: .registration)) == .wrongType)
        for text in ["", "a", "a.b.c", try proof(header: ["crit": ["x"]]), String(repeating: "a", count: 4097)] {
            #expect(refusal(text) == .malformed)
        }
        for algorithm in ["none", "HS256", "ES256", "eddsa"] {
            let header: JSON = ["alg": .string(algorithm), "typ": "dpop+jwt", "jwk": key.publicKey.jwk]
            #expect(refusal(Base64URL.encode(header.encoded()) + ".e30.AA") == .algorithm)
        }
    }

    @Test func `beside an access token carries that token's hash`() throws {
        let hash = JSON.string(Base64URL.encode(Digest.sha256("token")))
        #expect(refusal(try proof(claims: ["ath": hash]), accessToken: "token") == nil)
        #expect(refusal(try proof(claims: ["ath": hash]), accessToken: "other") == .accessToken)
        #expect(refusal(try proof(), accessToken: "token") == .accessToken)
    }

    @Test func `changed at random is refused`() throws {
        let bytes = Array(try proof().utf8)
        var random = Sequence64(seed: 5)
        for _ in 0..<2_000 {
            var changed = bytes
            switch random.next() % 3 {
            case 0: changed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...127, using: &random)
            case 1: changed.remove(at: Int.random(in: 0..<bytes.count, using: &random))
            default: changed.insert(46, at: Int.random(in: 0..<bytes.count, using: &random))
            }
            guard changed != bytes else { continue }
            #expect(refusal(String(decoding: changed, as: UTF8.self)) != nil)
        }
    }

    @Test func `errors explain themselves in words of their own`() {
        let all: [DPoPError] = [
            .missing, .malformed, .wrongType, .algorithm, .key, .signature, .method, .url, .claims, .accessToken,
            .clock(seconds: 90), .clock(seconds: -90), .nonce, .replayed, .overloaded,
        ]
        #expect(Set(all.map(\.explanation)).count == all.count)
        #expect(DPoPError.clock(seconds: 90).explanation.contains("90 s ahead of"))
        #expect(DPoPError.clock(seconds: -90).explanation.contains("90 s behind"))
        #expect(DPoPError.clock(seconds: Int.min).explanation.contains("behind"))
    }
}

@Suite struct `DPoP nonces` {
    private func inForce(_ nonces: borrowing DPoPNonces, _ now: Int) -> DPoPNonces.InForce {
        nonces.inForce(slot: DPoPNonces.slot(now: now))
    }

    @Test func `are good for their slot and the next`() throws {
        let nonces = try DPoPNonces(from: Samples.counting())
        let nonce = inForce(nonces, 240).current
        let valid = [240, 359, 360, 479, 0, 239, 480, 10_000].filter { inForce(nonces, $0).isValid(nonce) }
        #expect(valid == [240, 359, 360, 479])
        let (same, next) = (inForce(nonces, 359).current, inForce(nonces, 360).current)
        #expect(same == nonce)
        #expect(next != nonce)
    }

    @Test func `are worth nothing to another process`() throws {
        let first = try inForce(DPoPNonces(from: .system), 0)
        let second = try inForce(DPoPNonces(from: .system), 0)
        let texts = [
            first.current, "", "x", String(repeating: "A", count: 24), String(repeating: "é", count: 5_000),
        ]
        #expect(texts.filter { second.isValid($0) } == [])
    }
}
