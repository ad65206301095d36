import Foundation
import SignedXML
import Testing

/// A loopback listener that nobody should find.
private final class Listener {
    let descriptor: Int32
    let port: UInt16

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) | listen(descriptor, 16) | getsockname(descriptor, pointer, &length)
            }
        }
        try #require(status == 0)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// Connections are made by the kernel, so they would be waiting by now.
    func hasCaller() -> Bool {
        let caller = accept(descriptor, nil, nil)
        if caller >= 0 { close(caller) }
        return caller >= 0
    }

    func call() {
        let own = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(own) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = connect(own, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

@Suite struct `An address in a document` {
    private static func documents(_ address: String) throws -> [String] {
        let signed = try Samples.signedAssertion()
        let ds = "xmlns:ds=\"\(Samples.ds)\""
        let xenc = "http://www.w3.org/2001/04/xmlenc#"
        let reference = "<x:CipherData><x:CipherReference URI=\"\(address)\"/></x:CipherData>"
        let value = "<x:CipherData><x:CipherValue>AAAA</x:CipherValue></x:CipherData>"
        let data = "<x:EncryptionMethod Algorithm=\"\(xenc)aes128-cbc\"/>"
        let key = "<x:EncryptionMethod Algorithm=\"\(xenc)rsa-oaep-mgf1p\"/>"
        func encrypted(_ keyInfo: String, _ cipher: String) -> String {
            """
            <a xmlns:x="\(xenc)"><x:EncryptedData>\(data)<ds:KeyInfo \(ds)>\(keyInfo)</ds:KeyInfo>\(cipher)\
            </x:EncryptedData></a>
            """
        }
        let retrieval = "<ds:RetrievalMethod \(ds) URI=\"\(address)\"/>"
        return [
            signed.replacing("URI=\"#_a1\"", with: "URI=\"\(address)\""),
            signed.replacing("<ds:KeyInfo>", with: "<ds:KeyInfo>\(retrieval)"),
            signed.replacing(
                "</ds:KeyInfo>",
                with:
                    "</ds:KeyInfo><ds:Object><ds:Manifest><ds:Reference URI=\"\(address)\"/></ds:Manifest></ds:Object>"),
            signed.replacing(
                " ID=",
                with:
                    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:x \(address)\" ID="
            ),
            signed.replacing(
                "<saml:Subject>",
                with: "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"\(address)\"/><saml:Subject>"),
            signed.replacing(
                "<saml:Subject>",
                with:
                    "<xi:include xmlns:xi=\"http://www.w3.org/2003/XInclude\" href=\"\(address)\" parse=\"text\"/><saml:Subject>"
            ),
            signed.replacing(" ID=", with: " xml:base=\"\(address)\" ID="),
            signed.replacing("<saml:Subject>", with: "<saml:Subject xmlns:x=\"\(address)\">"),
            "<!DOCTYPE a SYSTEM \"\(address)\">" + signed,
            "<!DOCTYPE a [<!ENTITY e SYSTEM \"\(address)\">]><a>&e;</a>",
            "<!DOCTYPE a [<!ENTITY % e SYSTEM \"\(address)\"> %e;]><a/>",
            "<?xml-stylesheet href=\"\(address)\"?>" + signed,
            encrypted("<x:EncryptedKey>\(key)\(value)</x:EncryptedKey>", reference),
            encrypted("<x:EncryptedKey>\(key)\(reference)</x:EncryptedKey>", value),
            encrypted(retrieval, value),
            encrypted(retrieval + "<x:EncryptedKey>\(key)\(value)</x:EncryptedKey>", value),
        ]
    }

    @Test func `is never followed`() throws {
        let listener = try Listener()
        listener.call()
        #expect(listener.hasCaller(), "the listener itself works")
        let keys = [try TestKeys.pinned()]
        let decryption = [DecryptionKey(try TestKeys.signing())]
        let policy = AlgorithmPolicy(allowsSHA1: true)
        let signed = try Samples.verified(Samples.signedAssertion()).bytes
        for address in [
            "http://127.0.0.1:\(listener.port)/x", "ftp://127.0.0.1:\(listener.port)/x",
            "file://\(TestKeys.path("idp.key.pem"))",
        ] {
            for text in try Self.documents(address) {
                guard let document = Self.document(text) else { continue }
                let verified = try? document.verifiedBytes(of: .root, keys: keys, policy: policy).bytes
                let plain = try? document.decryptedBytes(of: .root, keys: decryption, policy: policy)
                // KeyInfo and a declaration that nothing uses are not signed.
                #expect(verified == nil || verified == signed)
                #expect(plain == nil)
            }
        }
        #expect(!listener.hasCaller())
    }

    private static func document(_ text: String) -> XMLDocument? { try? XMLDocument(parsing: Array(text.utf8)) }
}
