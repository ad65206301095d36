import Cryptography
import Foundation
import Testing

@Suite struct `An X.509 certificate` {
    private static let certificate = Result {
        let key = try RSAPrivateKey()
        return (
            key: key,
            certificate: try key.selfSignedCertificate(
                commonName: "ztna.example.com SAML", now: 1_800_000_000, randomness: .system)
        )
    }

    @Test func `that we made says what it was made with`() throws {
        let (key, certificate) = try Self.certificate.get()
        #expect(certificate.subject == "CN=ztna.example.com SAML")
        #expect(certificate.notBefore == 1_800_000_000)
        #expect(certificate.notAfter == 1_800_000_000 + 3650 * 86_400)
        #expect(certificate.key == .rsa(bits: 2048) && certificate.key.isStrong)
        #expect(key.belongs(to: certificate))
        #expect(try !RSAPrivateKey().belongs(to: certificate))
        #expect(!certificate.isExpired(at: certificate.notAfter) && certificate.isExpired(at: certificate.notAfter + 1))
        #expect(try X509Certificate.certificates(inFile: Array(certificate.pem.utf8)) == [certificate])
        #expect(try X509Certificate.certificates(inFile: certificate.der) == [certificate])
    }

    @Test func `that we made is what openssl reads, and its signature is good`() throws {
        let (key, certificate) = try Self.certificate.get()
        let shown = try openssl("x509", "-noout", "-text", "-fingerprint", "-sha256", input: certificate.pem)
        for words in [
            "Version: 3", "sha256WithRSAEncryption", "CN = ztna.example.com SAML", "Public-Key: (2048 bit)",
            "CA:FALSE", "Digital Signature, Key Encipherment", "Not Before: Jan 15 08:00:00 2027 GMT",
            "Not After : Jan 12 08:00:00 2037 GMT", certificate.fingerprint,
        ] { #expect(shown.contains(words), "\(words)\n\(shown)") }
        let serial = try openssl("x509", "-noout", "-serial", input: certificate.pem)
        let digits = serial.dropFirst("serial=".count).trimmingCharacters(in: .whitespacesAndNewlines)
        #expect((30..<40).contains(digits.count) || digits.count == 40 && digits < "8")
        let folder = try Scratch()
        try folder.write("c.pem", certificate.pem)
        #expect(
            try openssl(
                "verify", "-CAfile", folder.path("c.pem"), "-partial_chain", "-no_check_time",
                folder.path("c.pem")
            ).contains("OK"))
        let pem = try key.withPEM { String(decoding: $0, as: UTF8.self) }
        let publicHalf = try openssl("pkey", "-pubout", input: pem)
        #expect(try openssl("x509", "-noout", "-pubkey", input: certificate.pem) == publicHalf)
    }

    @Test func `with a long name is cut`() throws {
        let key = try Self.certificate.get().key
        let certificate = try key.selfSignedCertificate(
            commonName: String(repeating: "é", count: 100), now: 0, lifetime: 60, randomness: .system)
        #expect(certificate.subject == "CN=" + String(repeating: "é", count: 64))
        #expect(certificate.notBefore == 0 && certificate.notAfter == 60)
    }

    @Test(arguments: [
        (["-newkey", "rsa:1024"], X509Certificate.Key.rsa(bits: 1024), false),
        (["-newkey", "rsa:3072"], .rsa(bits: 3072), true),
        (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], .elliptic(group: "prime256v1"), true),
        (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], .elliptic(group: "secp384r1"), true),
        (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], .elliptic(group: "secp256k1"), false),
        (["-newkey", "ed25519"], .other(bits: 256), false),
    ])
    func `of openssl is read`(_ words: [String], _ key: X509Certificate.Key, _ isStrong: Bool) throws {
        let made = try openssl(
            ["req", "-x509", "-nodes", "-keyout", "/dev/null", "-subj", "/O=Example/CN=idp", "-days", "1"] + words)
        let certificates = try X509Certificate.certificates(inFile: Array(("notes\n" + made + made).utf8))
        #expect(certificates.count == 2)
        let certificate = try #require(certificates.first)
        #expect(certificate.key == key && key.isStrong == isStrong && certificate.subject == "CN=idp,O=Example")
        let shown = try openssl("x509", "-noout", "-fingerprint", "-sha256", input: made)
        #expect(shown.contains(certificate.fingerprint))
        #expect(certificate.notAfter - certificate.notBefore == 86_400)
    }

    @Test func `that is damaged is refused`() throws {
        let (_, good) = try Self.certificate.get()
        for bytes in [
            [], [0x30], Array("no PEM".utf8), Array(good.der.dropLast()), good.der + [0],
            Array(good.pem.replacing("M", with: "!").utf8),
            Array("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".utf8),
            Array((good.pem + "-----BEGIN CERTIFICATE-----\nMII").utf8),
            Array("-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n".utf8),
            Array(String(repeating: good.pem, count: 101).utf8), [UInt8](repeating: 0x30, count: 100_000),
        ] {
            #expect(throws: CryptographyError.invalidCertificate) { try X509Certificate.certificates(inFile: bytes) }
        }
        for index in stride(from: 0, to: good.der.count, by: 3) {
            var damaged = good.der
            damaged[index] ^= 0x81
            _ = try? X509Certificate(der: damaged)
        }
    }
}

@Suite struct `An RSA key in a file` {
    @Test func `is read back, and only if it is one of enough bits`() throws {
        let key = try RSAPrivateKey()
        let again = try key.withPEM { try RSAPrivateKey(pem: $0) }
        #expect(again.modulus == key.modulus && again.exponent == [1, 0, 1])
        let half = try RSAPublicKey(modulus: key.modulus, exponent: key.exponent)
        #expect(half.isValidSignature(try again.signature(for: [7]), for: [7], algorithm: .pkcs1(.sha256)))
        for text in [
            try openssl("genrsa", "1024"), try openssl("genpkey", "-algorithm", "ed25519"),
            try openssl("genrsa", "-aes128", "-passout", "pass:x", "2048"), "", "no key",
            try openssl("genrsa", "2048").replacing("A", with: "B"),
        ] {
            #expect(throws: CryptographyError.invalidKey) {
                try Array(text.utf8).withUnsafeBytes { try RSAPrivateKey(pem: $0) }
            }
        }
        for form in [[], ["-traditional"]] {
            let text = try openssl(["genrsa"] + form + ["2048"])
            _ = try Array(text.utf8).withUnsafeBytes { try RSAPrivateKey(pem: $0) }
        }
    }
}

/// What the command prints, as the second opinion.
private func openssl(_ words: String..., input: String? = nil) throws -> String { try openssl(words, input: input) }

private func openssl(_ words: [String], input: String? = nil) throws -> String {
    let folder = try Scratch()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/openssl")
    process.arguments = words
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    if let input {
        try folder.write("input", input)
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: folder.path("input")))
    }
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl \(words)")
    return text
}

private final class Scratch {
    private let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "ztna-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    }
}
