/// Complete sign-ins by SAML and by OpenID Connect, each at a server of its own.
struct SAMLSignIns {
    let count: Int
    let directory: String
    private let people = 64

    init(count: Int, directory: String) {
        self.count = count
        self.directory = directory
    }

    /// Server CPU seconds of one.
    func measured() async throws -> (saml: Double, openIDConnect: Double) {
        (try await seconds(by: .saml, file: "saml"), try await seconds(by: .openIDConnect, file: "openid"))
    }

    private func seconds(by signOn: BenchServer.SignOn, file: String) async throws -> Double {
        let meter = ClientMeter()
        let server = try await BenchServer(by: signOn, file: directory + "/\(file).sqlite", meter: meter)
        var crowd = Crowd(server: server, meter: meter)
        var run: LoginRun?
        try await server.running {
            _ = try await crowd.signIn(min(200, count), atOnce: people)
            run = try await crowd.signIn(count, atOnce: people)
        }
        guard let run else { throw BenchError.failed("nobody signed in") }
        return run.server
    }
}
