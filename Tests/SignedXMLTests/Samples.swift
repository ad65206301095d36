import SignedXML

/// Documents of these tests: an assertion, alone and in a response.
enum Samples {
    static let ds = "http://www.w3.org/2000/09/xmldsig#"

    static let assertion = """
        <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0">
          <saml:Issuer>https://idp.test</saml:Issuer>
          <saml:Subject><saml:NameID>alice@example.com</saml:NameID></saml:Subject>
          <saml:AttributeStatement><saml:Attribute Name="groups">
            <saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" \
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">staff &amp; é</saml:AttributeValue>
          </saml:Attribute></saml:AttributeStatement>
        </saml:Assertion>
        """

    /// `assertion`, signed with one of the keys.
    static func signedAssertion(_ key: String = "idp") throws -> String {
        String(decoding: try TestKeys.signing(key).signed(Array(assertion.utf8)), as: UTF8.self)
    }

    /// A response around `content`, which is its child number 2.
    static func response(_ content: String) -> String {
        """
        <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" InResponseTo="_q1">\
        <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.test</saml:Issuer>\
        <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>\
        \(content)</samlp:Response>
        """
    }

    static func verified(
        _ text: String, at path: ElementPath = .root, keys: [PinnedKey]? = nil, policy: AlgorithmPolicy = .init()
    ) throws -> SignedBytes {
        let keys = try keys ?? [TestKeys.pinned()]
        return try XMLDocument(parsing: Array(text.utf8)).verifiedBytes(of: path, keys: keys, policy: policy)
    }

    /// What refuses to verify it, if anything does.
    static func refusal(
        _ text: String, at path: ElementPath = .root, keys: [PinnedKey]? = nil, policy: AlgorithmPolicy = .init()
    ) throws -> SignedXMLError? {
        do {
            _ = try verified(text, at: path, keys: keys, policy: policy)
            return nil
        } catch let error as SignedXMLError {
            return error
        }
    }
}

/// The same numbers in every run. Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
