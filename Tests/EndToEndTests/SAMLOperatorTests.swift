import Foundation
import HTTPClient
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite struct `What an operator is told of SAML` {
        private static func server(_ words: String..., in folder: TestFolder) async throws -> RunningProgram.Finished {
            try await RunningProgram(
                Place.program("ztna-server"), words, environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            ).finish()
        }

        /// A good `ztna.yaml` with these providers; what it returns is the server's URL.
        private static func configure(_ providers: String, in folder: TestFolder) throws -> String {
            let port = try freePort()
            try folder.write("policy.yaml", Site.policy)
            try folder.write(
                "ztna.yaml",
                """
                server: { url: "http://127.0.0.1:\(port)", listen: "127.0.0.1:\(port)" }
                organisation: Example Corp
                state: state
                policy: policy.yaml
                identity_providers:
                \(providers)
                fixtures: { plain_http_on_loopback: true }

                """)
            return "http://127.0.0.1:\(port)"
        }

        private static func certificate(_ name: String, in folder: TestFolder) async throws {
            let words = [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-subj", "/CN=\(name)", "-keyout",
                folder.path(name + ".key"), "-out", folder.path(name + ".pem"),
            ]
            let end = try await RunningProgram("/usr/bin/openssl", words, in: folder.url).finish()
            try #require(end.status == 0, "\(end.everything)")
        }

        private static let inline = """
              - id: corp
                name: Example SSO
                type: saml
                entity_id: urn:example:idp
                sso_url: https://sso.example.com/sso
                certificates: idp.pem
                domains: [example.com]
            """

        @Test func `is what to paste, what is held, and an address to try it`() async throws {
            let folder = try TestFolder()
            try await Self.certificate("idp", in: folder)
            let url = try Self.configure(Self.inline, in: folder)
            let file = folder.path("ztna.yaml")
            let early = try await Self.server("saml", "metadata", "corp", "--config", file, in: folder)
            #expect(early.status == 1 && early.errors.contains("start the server once"), "\(early.everything)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("state")))

            let running = try await Site.serve(in: folder)
            for name in ["saml.key", "saml.crt"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("state/" + name))
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
            let list = try await Self.server("saml", "list", "--config", file, in: folder)
            for words in ["corp", "Example SSO", "urn:example:idp"] {
                #expect(list.output.contains(words), "\(list.everything)")
            }
            let show = try await Self.server("saml", "show", "corp", "--config", file, in: folder)
            for words in [
                "\(url)/saml/corp/metadata", "\(url)/saml/corp/acs (HTTP-POST)", "\(url)/saml/corp/slo",
                "CN=127.0.0.1 SAML, RSA 2048, until ", "https://sso.example.com/sso (HTTP-Redirect)",
                "CN=idp, RSA 2048",
            ] { #expect(show.output.contains(words), "\(words): \(show.everything)") }
            let json = try await Self.server("saml", "show", "corp", "--config", file, "--json", in: folder)
            let members = try JSONMembers(parsing: Array(json.output.utf8))
            #expect(try members.object("ours").string("acs_url") == url + "/saml/corp/acs")
            #expect(try members.object("theirs").array("certificates").count == 1)

            let client = try HTTPClient.onLoopback()
            defer { client.shutdown() }
            let test = try await Self.server("saml", "test", "corp", "--config", file, in: folder)
            let address = test.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(address.hasPrefix(url + "/saml/corp/test?"), "\(test.everything)")
            let opened = try await client.send(HTTPRequest(url: address))
            let page = String(decoding: opened.body, as: UTF8.self)
            #expect(opened.status == 200 && page.contains("https://sso.example.com/sso?SAMLRequest="), "\(page)")
            for words in [["saml", "show", "none"], ["saml", "test", "none"], ["saml", "metadata", "none"]] {
                let end = try await RunningProgram(
                    Place.program("ztna-server"), words + ["--config", file], in: folder.url
                ).finish()
                #expect(end.status == 1 && end.errors.contains("no SAML identity provider none"), "\(end.everything)")
            }

            let served = try await client.send(HTTPRequest(url: url + "/saml/corp/metadata"))
            running.terminate()
            #expect(try await running.finish().status == 0)
            let printed = try await Self.server("saml", "metadata", "corp", "--config", file, in: folder)
            #expect(Self.unsigned(printed.output) == Self.unsigned(String(decoding: served.body, as: UTF8.self)))
            try folder.write("metadata.xml", printed.output)
            let verified = try await RunningProgram(
                "/usr/bin/xmlsec1",
                [
                    "--verify", "--id-attr:ID", "EntityDescriptor", "--trusted-pem", folder.path("state/saml.crt"),
                    folder.path("metadata.xml"),
                ], in: folder.url
            ).finish()
            #expect(verified.status == 0, "\(verified.everything)")
            let later = try await Self.server("saml", "list", "--config", file, in: folder)
            #expect(later.status == 1 && later.errors.contains("control.sock"), "\(later.everything)")
        }

        /// What does not change from one signature to the next.
        private static func unsigned(_ metadata: String) -> String {
            metadata.replacing(#/ ID="[^"]*"/#, with: "").replacing(#/<ds:Signature .*?</ds:Signature>/#, with: "")
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test func `is a key that somebody else may read, or that is missing`() async throws {
            let folder = try TestFolder()
            try await Self.certificate("idp", in: folder)
            _ = try Self.configure(Self.inline, in: folder)
            let first = try await Site.serve(in: folder)
            first.terminate()
            _ = try await first.finish()
            let key = folder.path("state/saml.key")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
            let open = try await Self.server("serve", "--config", folder.path("ztna.yaml"), in: folder)
            #expect(open.status == 1 && open.errors.contains("chmod 600"), "\(open.everything)")
            try FileManager.default.removeItem(atPath: key)
            let missing = try await Self.server("serve", "--config", folder.path("ztna.yaml"), in: folder)
            #expect(missing.status == 1 && missing.errors.contains("without saml.key"), "\(missing.everything)")
        }

        /// One provider for each thing that can be wrong, all in one run; the server of their metadata is Python's.
        @Test(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
        func `about metadata is the step that fails`() async throws {
            let folder = try TestFolder()
            try await Self.certificate("idp", in: folder)
            let base64 = try String(contentsOfFile: folder.path("idp.pem"), encoding: .utf8)
                .split(separator: "\n").dropFirst().dropLast().joined()
            let good = """
                <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:example:idp"
                  ><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor
                  ><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>\(base64
                  )</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService
                  Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sso.example.com/sso"
                  /></IDPSSODescriptor></EntityDescriptor>
                """
            let port = try freePort()
            let web = try RunningProgram(
                "/usr/bin/python3", ["-u", "-m", "http.server", "\(port)", "--bind", "127.0.0.1"], in: folder.url)
            defer { web.kill() }
            _ = try await web.line("Python to listen", /Serving/, from: \.output)
            let cases: [(id: String, document: String?, keys: String, words: String)] = [
                ("good", good, "", "good: sign-on: https://sso.example.com/sso (HTTP-Redirect)"),
                ("missing", nil, "", "missing: failed at metadata: the provider answered with status 404"),
                ("page", "<html>Sign in</html>", "", "page: failed at metadata: the metadata is \"html\""),
                ("json", "{}", "", "json: failed at metadata: "),
                ("dtd", "<!DOCTYPE a>" + good, "", "dtd: failed at metadata: "),
                ("unsigned", good, "metadata_certificates: idp.pem,", "unsigned: failed at signature: "),
                ("other", good, "entity_id: urn:other,", "other: failed at entity: "),
                (
                    "nowhere", good.replacing("https://sso", with: "http://sso"), "",
                    "nowhere: failed at sign-on: "
                ),
                ("keyless", good.replacing(base64, with: "AAAA"), "", "keyless: failed at certificates: "),
                (
                    "late", good.replacing("entityID", with: "validUntil=\"2020-01-01T00:00:00Z\" entityID"), "",
                    "late: failed at validity: "
                ),
            ]
            var providers: [String] = []
            for one in cases {
                if let document = one.document { try folder.write(one.id + ".xml", document) }
                providers.append(
                    """
                      - { id: \(one.id), name: P, type: saml, \(one.keys) domains: \(one.id).example,
                          metadata: "http://127.0.0.1:\(port)/\(one.id).xml" }
                    """)
            }
            _ = try Self.configure(providers.joined(separator: "\n"), in: folder)
            let file = folder.path("ztna.yaml")
            #expect(try await Self.server("check", "--config", file, in: folder).status == 0)
            let end = try await Self.server("check", "--online", "--config", file, in: folder)
            #expect(end.status == 1)
            for one in cases { #expect(end.everything.contains(one.words), "\(one.words)\n\(end.everything)") }
            let warning = /good: warning: this certificate ends in (19|20) days/
            #expect(end.output.contains(warning), "\(end.everything)")

            // The running server reads it all when it starts, and once more after SIGHUP; what was good stays.
            let running = try await Site.serve(in: folder)
            defer { running.kill() }
            _ = try await running.line("the metadata", /metadata read/, from: \.errors)
            try folder.write("good.xml", "<html/>")
            try folder.write("page.xml", good)
            running.hangUp()
            _ = try await running.line("the last good one to stay", /the last good one stays in use/, from: \.errors)
            let list = try await Self.server("saml", "list", "--json", "--config", file, in: folder)
            let rows = try JSON(parsing: Array(list.output.utf8)).arrayValue ?? []
            let known = rows.filter { $0.objectValue?["theirs"] != nil }.compactMap {
                $0.objectValue?["id"]?.stringValue
            }
            #expect(known == ["good", "page"], "\(list.everything)")
        }
    }
}
