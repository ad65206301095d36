import StrictJSON

/// The two identity providers of the demo: the company's speaks OpenID Connect, its partner's SAML.
struct Providers: Sendable {
    struct OpenIDConnect: Sendable {
        let issuer: String
        let secret: String
    }

    let place: Place
    let tools: Tools
    let certificates: Certificates?
    /// Of the server: providers send browsers back there.
    let serverPort: UInt16
    /// Where the SAML provider will listen.
    let samlPort: UInt16

    init(place: Place, tools: Tools, certificates: Certificates?) throws {
        self.place = place
        self.tools = tools
        self.certificates = certificates
        let isOnLoopback = certificates == nil
        serverPort = isOnLoopback ? try FreePort.find() : 443
        samlPort = isOnLoopback ? try FreePort.find() : 9444
    }

    /// The entity id of the SAML provider, and where its metadata is.
    var samlMetadata: String {
        certificates == nil
            ? "http://127.0.0.1:\(samlPort)/metadata" : "https://\(Network.providerAddress):\(samlPort)/metadata"
    }

    func startOpenIDConnect() async throws -> OpenIDConnect {
        var arguments = [
            tools.python, tools.openIDProvider, "--redirect-uri",
            ServerFiles.redirectURI(isOnLoopback: certificates == nil, port: serverPort),
        ]
        arguments += [
            "--backchannel-logout-uri",
            ServerFiles.backChannelLogoutURI(isOnLoopback: certificates == nil, port: serverPort),
        ]
        if let certificates { arguments += ["--ca-file", certificates.authority] }
        arguments += listening(at: certificates == nil ? 0 : 9443)
        let ready = try await start("company-provider", arguments)
        return OpenIDConnect(issuer: try ready.string("issuer"), secret: try ready.string("client_secret"))
    }

    /// `serviceProvider`: the file with our metadata, which it must know before it signs anybody in.
    func startSAML(serviceProvider: String) async throws {
        var arguments = [tools.python, tools.samlProvider, "--sp-metadata", serviceProvider, "--encrypt"]
        arguments += listening(at: samlPort)
        _ = try await start("partner-provider", arguments)
    }

    private func listening(at port: UInt16) -> [String] {
        guard let certificates else { return ["--port", String(port)] }
        let pair = certificates.pair("provider")
        return [
            "--host", Network.providerAddress, "--port", String(port), "--tls-cert", pair.certificate, "--tls-key",
            pair.key,
        ]
    }

    /// What it says of itself once it listens.
    private func start(_ name: String, _ arguments: [String]) async throws -> JSONMembers {
        let child = try await place.programs.start(name, arguments, in: place.network?.hub)
        return try await Waiting.until("the provider to listen") { () -> JSONMembers? in
            if let status = child.status { throw DemoFailure("\(name) ended with \(status):\n\(child.lastWords)") }
            let output = child.output
            return output.hasSuffix("\n") ? try JSONMembers(parsing: Array(output.utf8)) : nil
        }
    }
}
