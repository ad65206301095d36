import Cryptography
import Foundation
import Testing

/// A row of `Fixtures/signatures.tsv`, made by `make-signatures.py`.
struct SignatureFixture: CustomTestStringConvertible, Sendable {
    let name: String
    let kind: String
    let first, second, message, signature: [UInt8]

    var testDescription: String { name }
    var isGood: Bool { !name.hasPrefix("bad-") }

    init?(_ line: Substring) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        let octets = columns.dropFirst(2).compactMap { Base64URL.decode($0) }
        guard columns.count == 6, octets.count == 4 else { return nil }
        (name, kind) = (String(columns[0]), String(columns[1]))
        (first, second, message, signature) = (octets[0], octets[1], octets[2], octets[3])
    }

    static let all: [SignatureFixture] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/signatures.tsv")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap(SignatureFixture.init)
    }()

    func verifies(_ signature: [UInt8], for message: [UInt8]) throws -> Bool {
        let digests: [String: SignatureDigest] = ["sha256": .sha256, "sha384": .sha384, "sha512": .sha512]
        switch kind {
        case "p256", "p384":
            let key = try ECPublicKey(curve: kind == "p256" ? .p256 : .p384, x: first, y: second)
            return key.isValidSignature(signature, for: message)
        default:
            let parts = kind.split(separator: "-")
            let digest = try #require(digests[String(parts[1])])
            return try RSAPublicKey(modulus: first, exponent: second)
                .isValidSignature(signature, for: message, algorithm: parts[0] == "pss" ? .pss(digest) : .pkcs1(digest))
        }
    }
}

@Suite struct `Signature verification` {
    @Test func `has its fixtures`() { #expect(SignatureFixture.all.count == 49) }

    @Test(arguments: SignatureFixture.all)
    func `accepts good signatures and refuses the others`(_ fixture: SignatureFixture) throws {
        #expect(try fixture.verifies(fixture.signature, for: fixture.message) == fixture.isGood)
    }

    @Test(arguments: SignatureFixture.all.filter(\.isGood))
    func `refuses every changed octet`(_ fixture: SignatureFixture) throws {
        for index in fixture.signature.indices {
            var changed = fixture.signature
            changed[index] ^= 0x01
            #expect(try !fixture.verifies(changed, for: fixture.message))
        }
        #expect(try !fixture.verifies(fixture.signature, for: fixture.message + [0]))
        #expect(try !fixture.verifies([], for: fixture.message))
        #expect(try !fixture.verifies(fixture.signature + [0], for: fixture.message))
    }
}

@Suite struct `The examples of the standards` {
    private let joe =
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    private func octets(_ text: String) throws -> [UInt8] { try #require(Base64URL.decode(text)) }

    @Test func `RS256 of RFC 7515 A_2`() throws {
        let key = try RSAPublicKey(
            modulus: octets(
                "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
                    + "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
                    + "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAc"
                    + "o9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"),
            exponent: octets("AQAB"))
        let signature = try octets(
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
                + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
                + "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
                + "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")
        let message = Array(("eyJhbGciOiJSUzI1NiJ9" + joe).utf8)
        #expect(key.isValidSignature(signature, for: message, algorithm: .pkcs1(.sha256)))
        #expect(!key.isValidSignature(signature, for: message, algorithm: .pss(.sha256)))
    }

    @Test func `ES256 of RFC 7515 A_3`() throws {
        let key = try ECPublicKey(
            curve: .p256, x: octets("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            y: octets("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"))
        let signature = try octets(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
        #expect(key.isValidSignature(signature, for: Array(("eyJhbGciOiJFUzI1NiJ9" + joe).utf8)))
    }

    @Test func `PS384 of RFC 7520 4_2`() throws {
        let key = try RSAPublicKey(
            modulus: octets(
                "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrK"
                    + "b2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNL"
                    + "YD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixo"
                    + "R7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"),
            exponent: octets("AQAB"))
        let signature = try octets(
            "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OL"
                + "PpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d"
                + "9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJU"
                + "AfmWjwZ6oD4ifKo8DYM-X72Eaw")
        let message =
            "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNz"
            + "LCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIg"
            + "ZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
        #expect(key.isValidSignature(signature, for: Array(message.utf8), algorithm: .pss(.sha384)))
    }
}

@Suite struct `A public key` {
    /// Odd, with its top bit set: the shape of a modulus of `bits`.
    private static func modulus(bits: Int) -> [UInt8] {
        var octets = [UInt8](repeating: 0xA5, count: (bits + 7) / 8)
        octets[0] = UInt8(1 << ((bits + 7) % 8))
        return octets
    }

    @Test(
        arguments: [
            ("1,024 bits", modulus(bits: 1_024), [1, 0, 1]),
            ("2,047 bits", modulus(bits: 2_047), [1, 0, 1]),
            ("8,193 bits", modulus(bits: 8_193), [1, 0, 1]),
            ("an even modulus", Array(modulus(bits: 2_048).dropLast()) + [0], [1, 0, 1]),
            ("no modulus", [], [1, 0, 1]),
            ("zeroes only", [UInt8](repeating: 0, count: 256), [1, 0, 1]),
            ("no exponent", modulus(bits: 2_048), []),
            ("exponent 1", modulus(bits: 2_048), [1]),
            ("exponent 3", modulus(bits: 2_048), [3]),
            ("exponent 65,535", modulus(bits: 2_048), [0xFF, 0xFF]),
            ("an even exponent", modulus(bits: 2_048), [1, 0, 2]),
            ("an exponent of 65 bits", modulus(bits: 2_048), [1, 0, 0, 0, 0, 0, 0, 0, 1]),
        ] as [(String, [UInt8], [UInt8])])
    func `of RSA is refused`(_ name: String, modulus: [UInt8], exponent: [UInt8]) {
        #expect(throws: CryptographyError.invalidKey) { try RSAPublicKey(modulus: modulus, exponent: exponent) }
    }

    @Test(arguments: [2_048, 2_049, 3_072, 8_192])
    func `of RSA is accepted within its limits`(_ bits: Int) throws {
        let key = try RSAPublicKey(modulus: [0, 0] + Self.modulus(bits: bits), exponent: [0, 1, 0, 1])
        #expect(key.modulusBits == bits)
    }

    @Test(arguments: SignatureFixture.all.filter { $0.name == "p256" || $0.name == "p384" })
    func `of ECDSA is refused off its curve`(_ fixture: SignatureFixture) {
        let curve: ECPublicKey.Curve = fixture.kind == "p256" ? .p256 : .p384
        let other: ECPublicKey.Curve = fixture.kind == "p256" ? .p384 : .p256
        let (x, y) = (fixture.first, fixture.second)
        var changed = y
        changed[curve.size - 1] ^= 1
        let zero = [UInt8](repeating: 0, count: curve.size)
        let full = [UInt8](repeating: 0xFF, count: curve.size)
        for (x, y, curve) in [
            (x, changed, curve), (zero, zero, curve), (full, full, curve), (x, y, other), ([0] + x, y, curve),
            (Array(x.dropFirst()), y, curve), ([], [], curve), (y, x, curve),
        ] {
            #expect(throws: CryptographyError.invalidKey) { try ECPublicKey(curve: curve, x: x, y: y) }
        }
    }
}
