import Cryptography
import Testing

@Suite struct `An RSA key that signs` {
    @Test(arguments: SignatureDigest.allCases)
    func `makes signatures that its public half verifies, and only those`(_ digest: SignatureDigest) throws {
        let key = try RSAPrivateKey()
        let half = try RSAPublicKey(modulus: key.modulus, exponent: key.exponent)
        var signature = try key.signature(for: [1, 2, 3], digest: digest)
        #expect(half.modulusBits == 2048)
        #expect(half.isValidSignature(signature, for: [1, 2, 3], algorithm: .pkcs1(digest)))
        signature[7] ^= 1
        #expect(!half.isValidSignature(signature, for: [1, 2, 3], algorithm: .pkcs1(digest)))
    }
}
