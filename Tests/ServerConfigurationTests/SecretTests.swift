import ServerConfiguration
import Testing

@Suite struct `A secret in a configuration` {
    @Test func `may stand in a file that only its owner can read`() {
        let text = Samples.small.replacing("client_secret_file: secret.txt", with: "client_secret: hunter2")
        for mode: UInt32 in [0o600, 0o400] { #expect(Samples.load(text, mode: mode).errors.isEmpty) }
        for mode: UInt32 in [0o640, 0o604, 0o620, 0o644, 0o610] {
            #expect(Samples.load(text, mode: mode).errors.count == 1)
        }
    }

    @Test func `may come from the environment`() {
        let text = Samples.small.replacing("client_secret_file: secret.txt", with: "client_secret_env: NAME")
        #expect(Samples.load(text, environment: ["NAME": "hunter2"]).errors.isEmpty)
        #expect(Samples.load(text, environment: ["NAME": ""]).errors.count == 1)
    }

    /// Each is wrong in its own way, and holds "hunter2" where a secret may stand.
    @Test(arguments: [
        "client_secret: hunter2", "client_secret: hunter2\n    client_secret: hunter2", "client_secret: [hunter2]",
        "client_secret: { a: hunter2 }", "client_secret: { hunter2: }",
        "client_secret: |\n      hunter2\n      hunter2",
        "client_secret: >-\n\n      hunter2", "client_secret: \"hunter2\n     hunter2\"",
        "client_secret:\n      hunter2",
        "client_secret: \"hunter2\n     hunter2", "client_secret: 'hunter2\nhunter2: x", "client_secret: *hunter2",
        "client_secret: @hunter2", "client_secret: !hunter2 hunter2",
        "client_secret_file: hunter2", "client_secret_env: hunter2", "clientsecret: hunter2", "client-secret: hunter2",
        "client_secrt: hunter2", "client_scret: |\n      hunter2", "Client_Secret: hunter2", "secret: hunter2",
        "password: hunter2", "token: hunter2", "whatever: { deep: [hunter2,\n      hunter2] }",
        "client_secret : hunter2",
        "\"client_secret\": hunter2", "\"client_secret\" : hunter2\n    scopes: {", "? client_secret\n    : hunter2",
        "client_secret: hunter2\n\tscopes: x", "client_secret: hunter2\u{7}", "client_secret = hunter2",
        "client_secret:hunter2", "client_secret: [\n hunter2\n", "scopes: { client_secret: hunter2, x: y }",
    ])
    func `is in no diagnostic`(_ lines: String) {
        let text = Samples.small.replacing("client_secret_file: secret.txt", with: lines)
        let result = Samples.load(text)
        #expect(!result.diagnostics.isEmpty)
        #expect(!result.printed.contains("hunter2"), "\(result.printed)")
    }
}
