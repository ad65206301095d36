import SignedXML
import Testing

/// Documents changed at random: none stops the program, and one that is accepted gives the bytes that were signed.
@Suite struct `A document changed at random` {
    private static let pieces = [
        "<", ">", "/", "\"", "'", "&", ";", "=", " ", "\n", "<!--", "-->", "<![CDATA[", "]]>", "<!DOCTYPE a>", "<?x?>",
        "&#x41;", "&lt;", "&amp;",
        "<a>", "</a>", "<a/>", " ID=\"_a1\"", " xmlns=\"urn:x\"", " xmlns:saml=\"urn:x\"", "#_a1", "", "\u{0}", "é",
        "A", "<ds:Object>", "</ds:Object>",
        "<saml:Assertion ID=\"_a1\">", "</saml:Assertion>", "<ds:Signature>", "</ds:Signature>",
        "<saml:NameID>malle</saml:NameID>", "=", "_a2",
    ].map { Array($0.utf8) }

    private static func mutated(_ good: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        var bytes = good
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let position = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, position + Int.random(in: 0...40, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(position..<end)
            case 3: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: position)
            case 4: bytes.replaceSubrange(position..<end, with: pieces.randomElement(using: &random) ?? [])
            default:
                // Something from elsewhere in the document, as wrapping does.
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let part = bytes[start..<min(bytes.count, start + Int.random(in: 1...600, using: &random))]
                bytes.insert(contentsOf: Array(part), at: position)
            }
            if bytes.isEmpty { return good }
        }
        return bytes
    }

    private static func assertions(_ element: XMLElement, _ path: ElementPath = .root) -> [ElementPath] {
        let own = element.name.local == "Assertion" || path == .root ? [path] : []
        return own + element.children.enumerated().flatMap { assertions($1, path.child($0)) }
    }

    @Test func `yields what was signed or nothing`() throws {
        let signed = try Samples.verified(Samples.signedAssertion()).bytes
        let good = Array(try Samples.response(Samples.signedAssertion()).utf8)
        let keys = [try TestKeys.pinned()]
        let policy = AlgorithmPolicy(allowsSHA1: true)
        var random = SplitMix64(state: 20_000)
        var parsed = 0
        var accepted = 0
        var wrong = 0
        for _ in 0..<20_000 {
            guard let document = Self.document(Self.mutated(good, using: &random)) else { continue }
            parsed += 1
            for path in Self.assertions(document.root) {
                guard let verified = try? document.verifiedBytes(of: path, keys: keys, policy: policy) else { continue }
                accepted += 1
                if verified.bytes != signed { wrong += 1 }
            }
        }
        #expect(wrong == 0)
        #expect(parsed > 2_000 && accepted > 500)
    }

    private static func document(_ bytes: [UInt8]) -> XMLDocument? { try? XMLDocument(parsing: bytes) }

    private static func count(_ element: XMLElement) -> (elements: Int, attributes: Int) {
        element.children.map(count).reduce((1, element.attributes.count)) { ($0.0 + $1.0, $0.1 + $1.1) }
    }

    /// What the scan counted is what the parser found: neither saw markup where the other saw text.
    @Test func `is scanned as it is parsed`() throws {
        let good = Array(try Samples.response(Samples.signedAssertion()).utf8)
        var random = SplitMix64(state: 3)
        var compared = 0
        for _ in 0..<5_000 {
            let bytes = Self.mutated(good, using: &random)
            guard !String(decoding: bytes, as: UTF8.self).contains("<!"), let document = Self.document(bytes) else {
                continue
            }
            compared += 1
            let (elements, attributes) = Self.count(document.root)
            let exact = XMLLimits(elements: elements, attributes: attributes)
            #expect(Self.refusal(bytes, exact) == nil)
            let fewer = XMLLimits(elements: elements - 1, attributes: attributes)
            #expect(Self.refusal(bytes, fewer) == .tooManyElements)
            let less = XMLLimits(elements: elements, attributes: attributes - 1)
            #expect(Self.refusal(bytes, less) == .tooManyAttributes)
        }
        #expect(compared > 300)
    }

    private static func refusal(_ bytes: [UInt8], _ limits: XMLLimits) -> SignedXMLError? {
        do {
            _ = try XMLDocument(parsing: bytes, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func `is decrypted or is not`() throws {
        let key = DecryptionKey(try TestKeys.signing())
        let xenc = "http://www.w3.org/2001/04/xmlenc#"
        let method = "<x:EncryptionMethod Algorithm=\"\(xenc)rsa-oaep-mgf1p\"/>"
        let value =
            "<x:CipherData><x:CipherValue>" + String(repeating: "ABCD", count: 86) + "</x:CipherValue></x:CipherData>"
        let good = """
            <a xmlns:x="\(xenc)"><x:EncryptedData><x:EncryptionMethod Algorithm="\(xenc)aes128-cbc"/>\
            <d:KeyInfo xmlns:d="\(Samples.ds)"><x:EncryptedKey>\(method)\(value)</x:EncryptedKey></d:KeyInfo>\(value)\
            </x:EncryptedData></a>
            """
        var random = SplitMix64(state: 1)
        for _ in 0..<2_000 {
            guard let document = Self.document(Self.mutated(Array(good.utf8), using: &random)) else { continue }
            let plain = try? document.decryptedBytes(of: .root, keys: [key], policy: AlgorithmPolicy())
            #expect(plain == nil)
        }
    }
}
