import Cryptography
import Testing

@Suite struct `Base64url` {
    /// RFC 4648 §10, without padding; RFC 7515 appendix C; and the two characters of its own alphabet.
    @Test(
        arguments: [
            ([], ""), (Array("f".utf8), "Zg"), (Array("fo".utf8), "Zm8"), (Array("foo".utf8), "Zm9v"),
            (Array("foob".utf8), "Zm9vYg"), (Array("fooba".utf8), "Zm9vYmE"), (Array("foobar".utf8), "Zm9vYmFy"),
            ([3, 236, 255, 224, 193], "A-z_4ME"), ([0xFB, 0xEF, 0xBE], "----"), ([0xFF, 0xFF, 0xFF], "____"),
        ] as [([UInt8], String)])
    func `is written and read`(_ bytes: [UInt8], _ text: String) {
        #expect(Base64URL.encode(bytes) == text)
        #expect(Base64URL.decode(text) == bytes)
    }

    @Test(arguments: ["Zg==", "Zg=", "Z", "Zm9vY", "Zm 9v", "Zm9v\n", "+///", "Zh", "Zm9", "Z\0", "Zé", "Ｚｇ", "Z.g"])
    func `is read only as it would be written`(_ text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test func `is one text for each byte string, at every length`() {
        for count in 0...70 {
            let bytes = Randomness.system.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        let alphabet = (0...255).map { String(Unicode.Scalar(UInt8($0))) }
        let pairs = alphabet.flatMap { first in alphabet.map { first + $0 } }
        #expect(pairs.allSatisfy { pair in Base64URL.decode(pair).map { Base64URL.encode($0) == pair } ?? true })
    }
}

@Suite struct `Hexadecimal text` {
    @Test func `is written in lower case and read in either`() {
        #expect(Hexadecimal.encode([0, 0x0F, 0xAB, 0xFF]) == "000fabff")
        #expect(Hexadecimal.decode("000FaBff") == [0, 0x0F, 0xAB, 0xFF])
        #expect(Hexadecimal.decode("") == [])
        for text in ["0", "0g", " 00", "0x", "é", "１２"] { #expect(Hexadecimal.decode(text) == nil) }
    }
}

@Suite struct `Digests` {
    /// FIPS 180-4 examples for "abc"; RFC 4231 §4.2 and §4.3.
    @Test func `agree with the standards`() {
        #expect(
            Hexadecimal.encode(Digest.sha256("abc"))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Hexadecimal.encode(Digest.sha384(Array("abc".utf8)))
                == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
        #expect(
            Hexadecimal.encode(Digest.sha512(Array("abc".utf8)))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
        #expect(
            Hexadecimal.encode(
                Digest.hmacSHA256(Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20)))
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            Hexadecimal.encode(
                Digest.hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }
}
