import Glibc
import SignedXML

/// libFuzzer, over documents: each is taken in and looked at in every way there is.
@main struct FuzzSignedXML {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            runDriver(&count, &arguments) { start, count in
                Target.shared.take(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            })
    }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Stops the program when the key proves bytes that it did not sign in the corpus.
private struct Target: Sendable {
    static let shared = Target()

    private let keys: [PinnedKey]
    private let decryption: [DecryptionKey]
    private let policy = AlgorithmPolicy(allowsSHA1: true)
    private let signed: Set<[UInt8]>

    private init() {
        guard let certificate = Files.read("SignedXMLTests/Fixtures/idp.cert.pem"),
            let privateKey = Files.read("SignedXMLTests/Fixtures/idp.key.pem"),
            let key = try? SigningKey(privateKey: privateKey, certificate: certificate)
        else { fatalError("the keys of the fixtures cannot be read") }
        keys = [key.certificate]
        decryption = [DecryptionKey(key)]
        // What the key signed: the documents of the corpus named so.
        var signed: Set<[UInt8]> = []
        for name in ["signed-assertion", "signed-response", "signed-by-sha1"] {
            guard let bytes = Files.read("Fuzzing/SignedXML/Corpus/\(name).xml") else { continue }
            for verified in Self.verified(bytes, keys: keys, policy: policy) { signed.insert(verified.bytes) }
        }
        guard signed.count == 3 else { fatalError("the corpus lacks its signed documents") }
        self.signed = signed
    }

    func take(_ bytes: [UInt8]) {
        for verified in Self.verified(bytes, keys: keys, policy: policy) {
            guard signed.contains(verified.bytes) else { fatalError("proved what was never signed") }
        }
        guard let document = Self.document(bytes) else { return }
        for path in Self.paths(document.root).prefix(8) {
            _ = try? document.decryptedBytes(of: path, keys: decryption, policy: policy)
        }
        // What the scan counted is what the parser found, comments and CDATA apart.
        if !String(decoding: bytes, as: UTF8.self).contains("<!") {
            let exact = XMLLimits(elements: Self.elements(document.root))
            guard Self.document(bytes, exact) != nil else { fatalError("counted more than there is") }
            let fewer = XMLLimits(elements: exact.elements - 1)
            guard Self.document(bytes, fewer) == nil else { fatalError("counted less than there is") }
        }
        // Whatever is read is written so that it is read again, if its names are ones that we would write.
        if let written = try? XMLWriter(prefixes: [:]).bytes(of: document.root), let again = Self.document(written) {
            guard again.root.children.count == document.root.children.count else { fatalError("written as another") }
        }
    }

    private static func document(_ bytes: [UInt8], _ limits: XMLLimits = XMLLimits()) -> XMLDocument? {
        try? XMLDocument(parsing: bytes, limits: limits)
    }

    private static func elements(_ element: XMLElement) -> Int {
        element.children.map(elements).reduce(1, +)
    }

    private static func verified(_ bytes: [UInt8], keys: [PinnedKey], policy: AlgorithmPolicy) -> [SignedBytes] {
        guard let document = document(bytes) else { return [] }
        return paths(document.root).prefix(64).compactMap { path in
            try? document.verifiedBytes(of: path, keys: keys, policy: policy)
        }
    }

    /// Of every element that has an ID or holds something encrypted.
    private static func paths(_ element: XMLElement, _ path: ElementPath = .root) -> [ElementPath] {
        let children = element.children
        let isOfInterest = element.attribute("ID") != nil || children.contains { $0.name.local == "EncryptedData" }
        return (isOfInterest ? [path] : [])
            + children.enumerated().flatMap { paths($1, path.child($0)) }
    }
}
