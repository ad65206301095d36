import Foundation
import SignedXML

/// The keys in `Fixtures`, made by `Fixtures/make-keys`.
enum TestKeys {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func path(_ name: String) -> String { folder.appending(path: name).path }

    static func pem(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

    static func pinned(_ name: String = "idp") throws -> PinnedKey { try PinnedKey(pem: pem("\(name).cert.pem")) }

    static func signing(_ name: String = "idp") throws -> SigningKey {
        try SigningKey(privateKey: pem("\(name).key.pem"), certificate: pem("\(name).cert.pem"))
    }
}
