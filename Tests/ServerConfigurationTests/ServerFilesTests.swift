import ServerConfiguration
import Testing

@Suite struct `Configuration and policy together` {
    private static func load(
        _ texts: [String: String], trials: Trials = .none, modes: [String: UInt32] = [:], foreign: Set<String> = []
    ) -> Result<ServerFiles, InvalidConfiguration> {
        let known = [
            "ztna.yaml": Samples.small, "policy.yaml": Samples.policy, "secret.txt": "hunter2\n", "ca.pem": "PEM",
            "tls.pem": "PEM", "token.txt": "t",
        ].merging(texts) { $1 }
        let plain = files(known, modes: modes)
        let system = Files(
            read: plain.read, mode: plain.mode, isForeign: { foreign.contains($0) }, environment: plain.environment)
        return ServerFiles.load(path: "ztna.yaml", files: system, now: 0, trials: trials)
    }

    private static func places(_ result: Result<ServerFiles, InvalidConfiguration>) -> [String] {
        result.diagnostics.map { "\($0.file):\($0.line):\($0.column) \($0.severity) \($0.message)" }
    }

    private static let wrongPolicy = "rules:\n  - { nam: a, source: \"*\", destination: \"*\", allow: any }"

    @Test func `tell what is wrong with both in one run, each in its order`() {
        let text = Samples.small.replacing("type: oidc", with: "type: odic")
            .replacing("organisation: Example Corp", with: "organisation:")
        let expected = [
            "ztna.yaml:2:1 error the configuration: organisation is empty", "ztna.yaml:8:11 error this value is wrong",
            "policy.yaml:2:5 error rules[0]: name is missing", "policy.yaml:2:7 error unknown key \"nam\" in rules[0]",
        ]
        #expect(Self.places(Self.load(["ztna.yaml": text, "policy.yaml": Self.wrongPolicy])) == expected)
        #expect(Self.places(Self.load(["policy.yaml": Self.wrongPolicy])) == Array(expected.suffix(2)))
        #expect(Self.places(Self.load([:])).isEmpty)
        #expect(
            Self.places(Self.load(["ztna.yaml": Samples.small.replacing("policy.yaml", with: "no.yaml")])) == [
                "ztna.yaml:4:9 error the file does not exist"
            ])
    }

    @Test func `tell the warnings of the one beside the errors of the other`() {
        let found = Self.places(Self.load(["policy.yaml": Self.wrongPolicy], modes: ["secret.txt": 0o644]))
        #expect(found.first == "ztna.yaml:11:25 warning every user of this machine can read this secret")
        #expect(found.count == 3)
    }

    @Test func `contradict each other where rules ask for countries and no database tells any`() throws {
        let policy = """
            rules:
              - name: a
                source: "*"
                destination: "*"
                allow: any
                when: { from: [192.0.2.0/24, DE, AT] }
              - { name: b, source: "*", destination: "*", allow: any, when: { from: FR } }
            """
        let found = try Self.load(["policy.yaml": policy]).get().contradictions
        #expect(found.map { "\($0.file):\($0.line):\($0.column)" } == ["policy.yaml:6:34", "policy.yaml:7:73"])
        #expect(found.map(\.found) == ["\"DE\"", "\"FR\""])
        for error in found {
            #expect(error.severity == .error && error.message.hasPrefix("no database tells from which country"))
            #expect(error.expected?.contains("places: { database: GeoLite2-Country.mmdb }") == true)
            #expect(error.sourceLine?.contains("from:") == true)
        }
        let places = Samples.small + "\nplaces: { database: ca.pem }"
        #expect(try Self.load(["policy.yaml": policy, "ztna.yaml": places]).get().contradictions.isEmpty)
        // Beside errors of the other file they are told, too.
        let wrong = "\norganization: x"
        let both = Self.load(["policy.yaml": policy, "ztna.yaml": Samples.small + wrong]).diagnostics
        #expect(both.dropFirst() == found[...], "\(both)")
        #expect(Self.load(["policy.yaml": policy, "ztna.yaml": places + wrong]).diagnostics.count == 1)
        let document = try Self.load(["policy.yaml": policy]).get().policy
        #expect(document.askingCountriesInVain(.warning).map(\.severity) == [.warning, .warning])
        #expect(try Self.load([:]).get().contradictions.isEmpty)
    }

    @Test func `tell at its place what a start would find out`() {
        let text =
            Samples.small.replacing("\" }", with: "\", tls: { certificate: ca.pem, key: tls.pem } }")
            .replacing("http://", with: "https://") + """

                places: { database: ca.pem }
                audit:
                  exports:
                    - { name: siem, file: /full/audit.jsonl }
                """
        let trials = Trials(
            state: { "state \($0)" }, append: { "append \($0)" }, tls: { "tls \($0) \($1)" },
            places: { "places \($0)" })
        #expect(
            Self.places(Self.load(["ztna.yaml": text], trials: trials)) == [
                "ztna.yaml:1:47 error tls ca.pem tls.pem", "ztna.yaml:3:8 error state state",
                "ztna.yaml:13:21 error places ca.pem", "ztna.yaml:16:27 error append /full/audit.jsonl",
            ])
        #expect(Self.places(Self.load(["ztna.yaml": text])).isEmpty)
    }

    @Test(
        arguments: [
            (0o600, false, []), (0o640, false, []), (0o400, false, []), (0o601, false, []), (0o711, false, []),
            (0o644, false, ["every user of this machine can read this secret"]),
            (0o755, false, ["every user of this machine can read this secret"]),
            (0o620, false, ["others can change this secret"]), (0o602, false, ["others can change this secret"]),
            (
                0o600, true,
                ["this secret belongs to another user than root and the server's, who can read and change it"]
            ),
        ] as [(UInt32, Bool, [String])])
    func `remark upon a secret's file that others can come by`(
        _ mode: UInt32, _ isForeign: Bool, _ expected: [String]
    ) throws {
        let text =
            Samples.small.replacing("\" }", with: "\", tls: { certificate: ca.pem, key: tls.pem } }")
            .replacing("http://", with: "https://") + """

                audit:
                  exports:
                    - { name: siem, webhook: "https://siem.example.com/", token_file: token.txt }
                """
        for (file, place) in [("secret.txt", "11:25"), ("tls.pem", "1:75"), ("token.txt", "15:71")] {
            let loaded = try Self.load(
                ["ztna.yaml": text], modes: [file: mode], foreign: isForeign ? [file] : []
            ).get()
            #expect(
                loaded.configuration.warnings.map { "\($0.line):\($0.column) \($0.message)" }
                    == expected.map { "\(place) \($0)" })
        }
    }

    @Test func `hold a secret only in a file of root's or the server's own`() {
        let text = Samples.small.replacing("client_secret_file: secret.txt", with: "client_secret: hunter2")
        func found(_ foreign: Set<String>) -> [String] {
            Self.places(Self.load(["ztna.yaml": text], modes: ["ztna.yaml": 0o600], foreign: foreign))
        }
        #expect(found([]).isEmpty)
        #expect(
            found(["ztna.yaml"]) == [
                "ztna.yaml:11:20 error a secret may stand in this file only while nobody else can read the file"
            ])
    }

    /// A folder that is there: "run/", seen from the root; "keys", beside the file.
    @Test(
        arguments: [
            ("/run/secrets/corp", true), ("keys/corp", true), ("./keys/corp", true), ("../keys/corp", true),
            ("./locked.txt", true), ("locked.txt", true),
            ("/9fK2abc", false), ("/abc/def", false), ("//9fK2abc", false), ("/./9fK2", false), ("/../9fK2", false),
            ("./9fK2", false), ("../9fK2", false), ("9fK2/x/yZ.key", false), ("9fK2.txt", false), ("top.secret", false),
            ("hunter2", false), ("a8Q~x/yZ.kL", false), ("/run/secrets/a\u{1B}[2J", false), ("/run/9fK2/abc", false),
        ] as [(String, Bool)])
    func `name a secret's file that cannot be read, unless it may be the secret`(_ given: String, _ isShown: Bool) {
        let hidden = "a name that is not shown here, since it may be the secret itself"
        let quoted = "\"" + given.replacing("\u{1B}", with: "\\x1B") + "\""
        let modes: [String: UInt32] = [
            "/run/secrets/": 0o755, "/": 0o755, "//": 0o755, "/./": 0o755, "/../": 0o755, "./": 0o755, "../": 0o755,
            "keys/": 0o700, "./keys/": 0o700, "../keys/": 0o700, "locked.txt": 0, "./locked.txt": 0,
        ]
        let export = """

            audit:
              exports:
                - { name: siem, webhook: "https://siem.example.com/", token_file: \(quoted) }
            """
        for (text, place) in [
            (Samples.small.replacing("file: secret.txt", with: "file: \(quoted)"), "11:25"),
            (Samples.small + export, "15:71"),
        ] {
            let result = Self.load(["ztna.yaml": text], modes: modes)
            #expect(Self.places(result) == ["ztna.yaml:\(place) error the file does not exist"])
            #expect(result.diagnostics.map(\.found) == [isShown ? "\"\(given)\"" : hidden])
            if !isShown { #expect(!result.printed.contains("9fK2"), "\(result.printed)") }
        }
    }

    @Test func `tell of a credential of systemd's that is not there why that may be`() {
        let given = "/run/credentials/ztna-server.service/corp"
        let result = Self.load(["ztna.yaml": Samples.small.replacing("secret.txt", with: given)])
        #expect(result.printed.contains("does not exist: systemd puts it there while its unit runs"))
        let other = Self.load(["ztna.yaml": Samples.small.replacing("policy.yaml", with: given)])
        #expect(other.printed.contains("does not exist: systemd puts it there while its unit runs"))
    }

    @Test func `name the state directory whatever else is wrong`() {
        func named(_ text: String) -> String? {
            ServerFiles.stateDirectory(namedIn: "etc/ztna.yaml", files: files(["etc/ztna.yaml": text]))
        }
        #expect(named(Samples.small) == "etc/state")
        #expect(named("state: /var/lib/ztna\norganisation: [") == nil)
        #expect(named("state: /var/lib/ztna\nold: { key: x }") == "/var/lib/ztna")
        #expect(named("state: [a]") == nil && named("") == nil)
    }
}
