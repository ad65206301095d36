import Audit
import ServerConfiguration
import Testing

@Suite struct `The audit section` {
    private static func load(_ section: String) -> Result<ServerConfiguration, InvalidConfiguration> {
        Samples.load(Samples.small.replacing("state: state", with: "state: state\n" + section))
    }

    @Test func `has defaults`() throws {
        let audit = try Samples.load(Samples.small).get().audit
        #expect(audit == AuditConfiguration())
        #expect(audit.lifetime == 365 * 86_400 && !audit.isPseudonymous && audit.exports.isEmpty)
        #expect(try Self.load("audit: { }").get().audit == audit)
    }

    @Test func `says how long, how much, and where else`() throws {
        let audit = try Self.load(
            """
            audit:
              keep: 90d
              maximum_size: 20GB
              pseudonymise: true
              exports:
                - { name: local, file: logs/audit.jsonl }
                - { name: siem, syslog: siem.example.com, ca_file: ca.pem, format: ocsf, streams: [sign-in, admin] }
                - { name: other, syslog: "[fd00::1]:601" }
                - { name: hook, webhook: "https://hook.example.com/in?x=1", token_file: secret.txt, streams: connection }
                - { name: near, webhook: "http://127.0.0.1:8080/" }
            """
        ).get().audit
        #expect(audit.lifetime == 90 * 86_400 && audit.maximumBytes == 20_000_000_000 && audit.isPseudonymous)
        let targets: [AuditExport.Target] = [
            .file(path: "logs/audit.jsonl"),
            .syslog(host: "siem.example.com", port: 6514, caFile: "ca.pem"),
            .syslog(host: "fd00::1", port: 601, caFile: nil),
            .webhook(url: "https://hook.example.com/in?x=1", caFile: nil, tokenFile: "secret.txt"),
            .webhook(url: "http://127.0.0.1:8080/", caFile: nil, tokenFile: nil),
        ]
        #expect(audit.exports.map(\.target.description) == targets.map(\.description))
        #expect(audit.exports.map(\.name) == ["local", "siem", "other", "hook", "near"])
        #expect(audit.exports.map(\.format) == [.plain, .ocsf, .plain, .plain, .plain])
        #expect(audit.exports[1].streams == [.signIn, .administration])
        #expect(audit.exports[3].streams == [.connection])
        #expect(audit.exports[0].streams.count == 3)
    }

    /// The section, and the one error that it makes.
    @Test(arguments: [
        ("audit: x", "4:8 audit must be a mapping"),
        ("audit: { kep: 1d }", "4:10 unknown key \"kep\" in audit"),
        ("audit: { keep: 1h }", "4:16 this value is wrong"),
        ("audit: { keep: 3651d }", "4:16 this value is wrong"),
        ("audit: { maximum_size: 9MB }", "4:24 this value is wrong"),
        ("audit: { maximum_size: 1TB }", "4:24 this value is wrong"),
        ("audit: { maximum_size: +20MB }", "4:24 this value is wrong"),
        ("audit: { maximum_size: 1001GB }", "4:24 this value is wrong"),
        ("audit: { maximum_size: 99999999999999999999GB }", "4:24 this value is wrong"),
        ("audit: { pseudonymise: yes }", "4:24 this value is wrong"),
        ("audit: { exports: x }", "4:19 audit: exports must be a list"),
        ("audit: { exports: [] }", "4:19 this list is empty"),
        ("audit: { exports: [x] }", "4:20 audit.exports[0] must be a mapping"),
        ("audit: { exports: [{ file: a }] }", "4:20 audit.exports[0]: name is missing"),
        ("audit: { exports: [{ name: A, file: a }] }", "4:28 this value is wrong"),
        ("audit: { exports: [{ name: a }] }", "4:20 audit.exports[0]: the target is missing"),
        (
            "audit: { exports: [{ name: a, file: a, syslog: b.example }] }",
            "4:40 audit.exports[0]: an export has one target"
        ),
        (
            "audit: { exports: [{ name: a, file: a }, { name: a, file: b }] }",
            "4:50 the name \"a\" is used twice; it was first on line 4"
        ),
        (
            "audit: { exports: [{ name: a, file: a, ca_file: ca.pem }] }",
            "4:40 audit.exports[0]: ca_file has no meaning for file"
        ),
        (
            "audit: { exports: [{ name: a, syslog: s.example, token_file: ca.pem }] }",
            "4:50 audit.exports[0]: token_file has no meaning for syslog"
        ),
        ("audit: { exports: [{ name: a, syslog: \"s.example:0\" }] }", "4:39 this value is wrong"),
        ("audit: { exports: [{ name: a, syslog: \"s.example/x\" }] }", "4:39 this value is wrong"),
        ("audit: { exports: [{ name: a, syslog: \"u@s.example\" }] }", "4:39 this value is wrong"),
        ("audit: { exports: [{ name: a, webhook: \"http://s.example\" }] }", "4:40 this value is wrong"),
        ("audit: { exports: [{ name: a, webhook: \"ftp://s.example\" }] }", "4:40 this value is wrong"),
        (
            "audit: { exports: [{ name: a, webhook: \"https://s.example\", token_file: no }] }",
            "4:73 the file does not exist"
        ),
        ("audit: { exports: [{ name: a, file: a, format: cef }] }", "4:48 this value is wrong"),
        ("audit: { exports: [{ name: a, file: a, streams: [all] }] }", "4:50 this value is wrong"),
        ("audit: { exports: [{ name: a, file: a, streams: [admin, admin] }] }", "4:57 this is given twice"),
    ])
    func `refuses each wrong thing at its place`(_ section: String, _ error: String) {
        #expect(Self.load(section).errors == [error])
    }
}

extension AuditExport.Target {
    fileprivate var description: String { "\(self)" }
}
