internal import AccessPolicy
import ArgumentParser
import Gateway
import Glibc
import IdentityProviders
import OpenIDConnect
import Places
import ServerConfiguration
import SignedXML

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read configuration and policy, and say everything that is wrong with them.")

    @OptionGroup var file: ConfigurationOption
    @Flag(help: "Also fetch what each identity provider publishes: discovery document and keys, or metadata.")
    var online = false

    func run() async throws {
        let configuration = try loaded(
            ServerConfiguration.load(path: try file.path(), files: .ofSystem(), now: Int(time(nil))))
        let document = try loaded(
            PolicyFile.load(path: configuration.policyFile, files: .ofSystem(), now: Int(time(nil))))
        let policy = document.policy
        for warning in configuration.warnings + document.warnings { StandardError.write(warning.description + "\n") }
        print("configuration: good, \(configuration.providers.count) identity provider(s)")
        print("policy: good, \(policy.rules.count) rule(s), \(policy.tests.count) test(s), revision \(policy.revision)")
        if let tls = configuration.tls {
            do throws(TLSCertificates.Failure) {
                _ = try TLSCertificates(certificatePath: tls.certificate, keyPath: tls.key)
                print("tls: certificate and key belong together")
            } catch { throw fail(error.explanation) }
        }
        let asking = policy.rulesAskingCountries
        if configuration.placesDatabase == nil, !asking.isEmpty {
            throw fail(
                """
                policy: \(asking.count) rule(s) ask from which country somebody comes, and no database tells: \
                \(asking.prefix(5).map(\.text).joined(separator: ", ")). Nobody is in any country then. Say in ztna.yaml where one is:
                  places: { database: GeoLite2-Country.mmdb }
                """)
        }
        if let path = configuration.placesDatabase {
            do throws(PlacesError) {
                _ = try Places(path: path)
                print("places: \(path) tells countries")
            } catch { throw fail("places.database \(path): \(error.explanation)") }
        }
        guard online else { return }
        let fetch: ProviderFetch
        do { fetch = try ProviderClientPool(configuration.providers).fetch } catch {
            throw fail("\(error)")
        }
        let workers = XMLWorkers(threads: 1)
        defer { workers.stop() }
        var isGood = true
        for provider in configuration.providers {
            do throws(ProviderFault) {
                for line in try await Self.findings(provider, fetch, workers) { print("\(provider.id): \(line)") }
            } catch {
                isGood = false
                StandardError.write("\(provider.id): failed at \(error.metadataExplanation)\n")
            }
        }
        if !isGood { throw ExitCode.failure }
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

    private func loaded<Value>(_ result: Result<Value, InvalidConfiguration>) throws -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let invalid):
            StandardError.write(invalid.description + "\n")
            throw ExitCode.failure
        }
    }
}
