import Foundation
import SignedXML

/// The `xmlsec1` command: another program on the same library, which signs and encrypts for us and is asked for a
/// second opinion.
enum XMLSec1 {
    static let isInstalled = FileManager.default.isExecutableFile(atPath: "/usr/bin/xmlsec1")

    struct Failed: Error { let status: Int32 }

    /// Standard output of a command that must succeed.
    @discardableResult static func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failed(status: process.terminationStatus)
        }
        return data
    }

    static func withFolder<T>(_ body: (URL) throws -> T) throws -> T {
        let folder = FileManager.default.temporaryDirectory.appending(path: "signedxml-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    private static let identifiers = [
        "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
    ]

    /// Fills the templates of signatures in `template`.
    static func signed(_ template: String, key: String) throws -> String {
        try withFolder { folder in
            let file = folder.appending(path: "template.xml")
            try Data(template.utf8).write(to: file)
            let output = try run(
                "/usr/bin/xmlsec1",
                ["--sign"] + identifiers + ["--privkey-pem", TestKeys.path("\(key).key.pem"), file.path])
            return String(decoding: output, as: UTF8.self)
        }
    }

    /// Whether it finds the document's first signature good under the key's certificate, whatever KeyInfo says.
    static func verifies(_ document: [UInt8], key: String = "idp", in folder: URL) throws -> Bool {
        let file = folder.appending(path: "document.xml")
        try Data(document).write(to: file)
        do {
            try run(
                "/usr/bin/xmlsec1",
                ["--verify", "--enabled-key-data", "key-name"] + identifiers
                    + ["--pubkey-cert-pem", TestKeys.path("\(key).cert.pem"), file.path])
            return true
        } catch is Failed {
            return false
        }
    }

    /// An empty signature for `signed(_:key:)`, of the algorithms given.
    static func template(
        method: String, digest: String, prefixList: String? = nil, identifier: String = "_a1"
    ) -> String {
        let inclusive =
            prefixList.map {
                """
                <ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="\($0)"/>
                """
            } ?? ""
        let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
        return """
            <Signature xmlns="http://www.w3.org/2000/09/xmldsig#">
              <SignedInfo>
                <CanonicalizationMethod Algorithm="\(exclusive)">\(inclusive)</CanonicalizationMethod>
                <SignatureMethod Algorithm="\(method)"/>
                <Reference URI="#\(identifier)"><Transforms>
                  <Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
                  <Transform Algorithm="\(exclusive)">\(inclusive)</Transform></Transforms>
                  <DigestMethod Algorithm="\(digest)"/><DigestValue></DigestValue>
                </Reference>
              </SignedInfo>
              <SignatureValue></SignatureValue>
            </Signature>
            """
    }
}
