internal import AccessPolicy
import ArgumentParser
import Gateway
import Glibc
import IdentityProviders
import OpenIDConnect
import ServerConfiguration
import SignedXML

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read configuration and policy, and say everything that is wrong with them.",
        discussion: """
            Run by root where the state directory belongs to another user, it checks as that user: the server's.
            """)

    @OptionGroup var file: ConfigurationOption
    @Flag(help: "Also fetch what each identity provider publishes: discovery document and keys, or metadata.")
    var online = false

    func run() async throws {
        let path = try file.path()
        if let user = ServiceUser(of: ServerFiles.stateDirectory(namedIn: path, files: .ofSystem())) {
            try user.become()
            print("checked as \(user.name), to whom the state directory belongs")
        }
        switch ServerFiles.load(path: path, files: .ofSystem(), now: Int(time(nil)), trials: .beforeStart) {
        case .failure(let invalid):
            StandardError.write(invalid.description + "\n")
            if online { StandardError.write("the identity providers were not asked: first correct the above\n") }
            throw ExitCode.failure
        case .success(let files):
            let isWhole = tell(files)
            let areReachable = online ? try await ask(files.configuration.providers) : true
            guard isWhole, areReachable else { throw ExitCode.failure }
        }
    }

    /// False where the two files are good each and do not go together.
    private func tell(_ files: ServerFiles) -> Bool {
        let (configuration, policy) = (files.configuration, files.policy.policy)
        for warning in configuration.warnings + files.policy.warnings {
            StandardError.write(warning.description + "\n")
        }
        print("configuration: good, \(counted(configuration.providers.count, "identity provider"))")
        print(PolicyCommand.praise(policy))
        if configuration.tls != nil { print("tls: certificate and key belong together") }
        if let path = configuration.placesDatabase { print("places: \(path) tells countries") }
        let asking = policy.rulesAskingCountries
        guard configuration.placesDatabase == nil, !asking.isEmpty else { return true }
        StandardError.write(
            """
            \(configuration.policyFile): error: no database tells from which country somebody comes, which is asked by \
            \(asking.prefix(5).map(\.text).joined(separator: ", ")). Nobody is in any country then. Say in ztna.yaml where \
            one is:
              places: { database: GeoLite2-Country.mmdb }

            """)
        return false
    }

    /// False when one of them does not publish what is needed.
    private func ask(_ providers: [IdentityProvider]) async throws -> Bool {
        let fetch: ProviderFetch
        do { fetch = try ProviderClientPool(providers).fetch } catch { throw fail("\(error)") }
        let workers = XMLWorkers(threads: 1)
        defer { workers.stop() }
        var isGood = true
        for provider in providers {
            do throws(ProviderFault) {
                for line in try await Self.findings(provider, fetch, workers) { print("\(provider.id): \(line)") }
            } catch {
                isGood = false
                StandardError.write("\(provider.id): failed at \(error.metadataExplanation)\n")
            }
        }
        return isGood
    }

    private static func findings(
        _ provider: IdentityProvider, _ fetch: ProviderFetch, _ workers: XMLWorkers
    ) async throws(ProviderFault) -> [String] {
        switch provider {
        case .openIDConnect(let provider): try await ProviderCheck(provider: provider, fetch: fetch).run()
        case .saml(let provider):
            try await SAMLProviderCheck(
                provider: provider, fetch: fetch, workers: workers, readFile: MetadataFile.read
            ).run(now: Int(time(nil)))
        }
    }
}
