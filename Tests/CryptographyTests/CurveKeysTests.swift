import Cryptography
import Testing

@Suite struct `An Ed25519 key` {
    /// RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ])
    func `agrees with its standard`(_ seed: String, _ publicKey: String, _ message: String, _ signature: String) throws
    {
        var bytes = try #require(Hexadecimal.decode(seed))
        let (message, signature) = (
            try #require(Hexadecimal.decode(message)), try #require(Hexadecimal.decode(signature))
        )
        let key = try Ed25519PrivateKey(taking: &bytes)
        #expect(bytes.allSatisfy { $0 == 0 })
        #expect(Hexadecimal.encode(key.publicKey.bytes) == publicKey)
        #expect(key.publicKey.isValidSignature(signature, for: message))
        #expect(key.publicKey.isValidSignature(try key.signature(for: message), for: message))
        #expect(key.withSeed { Hexadecimal.encode(Array($0)) } == seed)
        for place in signature.indices {
            var changed = signature
            changed[place] ^= 1 << UInt8(place % 8)
            #expect(!key.publicKey.isValidSignature(changed, for: message))
        }
        #expect(!key.publicKey.isValidSignature(signature, for: message + [0]))
        #expect(!key.publicKey.isValidSignature(signature + [0], for: message))
        #expect(!key.publicKey.isValidSignature([], for: message))
    }

    @Test func `refuses a signature with the group order added`() throws {
        // RFC 8032 §5.1.7: S must be below the order, or one signature has many forms.
        let order: [UInt8] = [
            0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0,
            0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        let key = try Ed25519PrivateKey(from: .system)
        var signature = try key.signature(for: [1])
        var carry = 0
        for place in 0..<32 {
            let sum = Int(signature[32 + place]) + Int(order[place]) + carry
            signature[32 + place] = UInt8(sum & 0xFF)
            carry = sum >> 8
        }
        #expect(!key.publicKey.isValidSignature(signature, for: [1]))
    }

    @Test func `refuses keys of small order and of other lengths`() throws {
        for first in [0, 1] as [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 32)
            bytes[0] = first
            let signature = bytes + [UInt8](repeating: 0, count: 32)
            #expect(!(try Ed25519PublicKey(bytes).isValidSignature(signature, for: [])))
        }
        for count in [0, 31, 33] {
            var bytes = [UInt8](repeating: 1, count: count)
            #expect(throws: CryptographyError.invalidKey) { try Ed25519PublicKey(bytes) }
            #expect(throws: CryptographyError.invalidKey) { try Ed25519PrivateKey(taking: &bytes) }
        }
    }
}

@Suite struct `An X25519 key` {
    /// RFC 7748 §6.1: Alice's key pair.
    @Test func `agrees with its standard`() throws {
        let text = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
        var source = try #require(Hexadecimal.decode(text))
        let key = try X25519PrivateKey(taking: &source)
        #expect(key.publicKey.hexadecimal == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        #expect(source.allSatisfy { $0 == 0 })
        #expect(key.withBytes { Hexadecimal.encode(Array($0)) } == text)
        #expect(try X25519PublicKey(base64url: key.publicKey.base64url) == key.publicKey)
    }

    @Test func `refuses keys of other lengths and the zero key`() throws {
        for count in [0, 31, 33] {
            var bytes = [UInt8](repeating: 1, count: count)
            #expect(throws: CryptographyError.invalidKey) { try X25519PublicKey(bytes) }
            #expect(throws: CryptographyError.invalidKey) { try X25519PrivateKey(taking: &bytes) }
        }
        #expect(throws: CryptographyError.invalidKey) { try X25519PublicKey([UInt8](repeating: 0, count: 32)) }
        for text in ["", "****", "AA"] {
            #expect(throws: CryptographyError.invalidKey) { try X25519PublicKey(base64url: text) }
        }
    }
}
