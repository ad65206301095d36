import ArgumentParser
import Cryptography
import Gateway
import Glibc
import Identity
import SAML
import ServerConfiguration
import StrictJSON
import WebAddresses

/// What an administrator needs to connect a SAML identity provider.
struct SAMLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "saml",
        abstract: "SAML identity providers: our metadata, what is known of theirs, a test sign-in.",
        subcommands: [List.self, Show.self, Metadata.self, Test.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the SAML identity providers, as the running server knows them.")
        @OptionGroup var control: ControlOptions

        func run() async throws {
            let rows = try await control.ask(["command": "saml-list"])
            if control.json {
                print(rows.visibleText())
            } else {
                let lines = (rows.arrayValue ?? []).map { SAMLConnectionText($0).row }
                control.show(.array(lines), columns: SAMLConnectionText.columns)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one: the addresses to paste into the identity provider, and what the server holds of it.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var provider: String

        func run() async throws {
            let rows = try await control.ask(["command": "saml-list"]).arrayValue ?? []
            guard let row = rows.first(where: { $0.objectValue?["id"]?.stringValue == provider }) else {
                let ids = rows.compactMap { $0.objectValue?["id"]?.stringValue }
                throw fail(
                    "the server has no SAML identity provider \(provider)"
                        + (ids.isEmpty ? "" : "; it has \(ids.joined(separator: ", "))"))
            }
            print(control.json ? row.visibleText() : SAMLConnectionText(row).page)
        }
    }

    struct Metadata: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print our signed metadata for one; the server need not run.",
            discussion:
                "Give it to the identity provider, or the address of `saml show`, where the server serves it too.")
        @OptionGroup var file: ConfigurationOption
        @Argument(help: "The identity provider's id.") var provider: String

        func run() throws {
            let path = try file.path()
            guard
                case .success(let configuration) = ServerConfiguration.load(
                    path: path, files: .ofSystem(), now: Int(time(nil)))
            else { throw fail("\(path) is not usable: run `ztna-server check --config \(path)`") }
            guard let id = configuration.samlProviders.first(where: { $0.id.text == provider })?.id else {
                throw fail("\(path) has no SAML identity provider \(provider)")
            }
            do {
                let pair = try SAMLKeyPair.existing(
                    configuration, in: try StateDirectory(path: configuration.stateDirectory, isMade: false))
                guard let pair else {
                    throw fail("there is no SAML key in \(configuration.stateDirectory) yet: start the server once")
                }
                let serviceProvider = try ServiceProvider(
                    serverURL: configuration.url.text, provider: id, key: pair.signingKey)
                let document = try ServiceProviderMetadata.signed(
                    for: serviceProvider, id: MessageID.make(from: .system))
                print(String(decoding: document, as: UTF8.self))
            } catch let failure as StateDirectory.Failure { throw fail(failure.explanation) } catch let error
                as SAMLError
            { throw fail(error.explanation) }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an address that tries one out, once, within ten minutes: nobody is signed in by it.",
            discussion: "Open it in a browser. It ends in a page that shows the person, or the exact check that failed."
        )
        @OptionGroup var control: ControlOptions
        @Argument(help: "The identity provider's id.") var provider: String

        func run() async throws {
            let result = try await control.ask(["command": "saml-test", "provider": .string(provider)])
            print(control.json ? result.visibleText() : result.objectValue?["url"]?.stringValue ?? "")
        }
    }
}
