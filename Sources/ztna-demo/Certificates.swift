/// A certificate authority for this run, and certificates for server and provider, made with `openssl`: EC P-256.
struct Certificates: Sendable {
    let authority: String
    private let directory: String

    struct Pair: Sendable {
        let certificate: String
        let key: String
    }

    init(tools: Tools, place: Place) async throws {
        directory = place.directory
        authority = directory + "/ca.pem"
        let request = Self.request(tools.openssl, key: directory + "/ca.key", certificate: authority, "ztna demo CA")
        let extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        try await place.programs.run(request + extensions)
        for (name, address) in [("server", Network.serverAddress), ("provider", Network.providerAddress)] {
            let pair = pair(name)
            let request = Self.request(tools.openssl, key: pair.key, certificate: pair.certificate, "ztna demo \(name)")
            try await place.programs.run(
                request + [
                    "-CA", authority, "-CAkey", directory + "/ca.key", "-addext", "basicConstraints=critical,CA:FALSE",
                    "-addext", "subjectAltName=IP:\(address)", "-addext", "extendedKeyUsage=serverAuth",
                ])
        }
    }

    func pair(_ name: String) -> Pair {
        Pair(certificate: "\(directory)/\(name).pem", key: "\(directory)/\(name).key")
    }

    private static func request(_ openssl: String, key: String, certificate: String, _ name: String) -> [String] {
        [
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)",
        ]
    }
}
