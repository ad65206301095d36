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
            Run by root, it checks as the user whom --user names, else as the one to whom the state directory belongs: the \
            server's. What a systemd unit gives beside its user and groups (LoadCredential=, Environment=), only the \
            unit's own programs have; there, as ExecStartPre=, this command sees what the server will see.
            """)

    @OptionGroup var file: ConfigurationOption
    @Option(help: ArgumentHelp("Whom the server runs as; for root only.", valueName: "name")) var user: String?
    @Option(
        help: ArgumentHelp(
            "A group that the server has beside its user's own, as by SupplementaryGroups= of its unit; repeatable.",
            valueName: "name"))
    var group: [String] = []
    @Flag(help: "Also fetch what each identity provider publishes: discovery document and keys, or metadata.")
    var online = false

    func run() async throws {
        let path = try file.path()
        let state = ServerFiles.stateDirectory(namedIn: path, files: .ofSystem())
        let service = try user.map { try ServiceUser(named: $0) } ?? ServiceUser(of: state)
        guard service != nil || group.isEmpty else { throw fail("--group is for root, beside --user") }
        let (trials, groups) = try service.map { try become($0, state: state) } ?? (.beforeStart, [])
        switch ServerFiles.load(path: path, files: .ofSystem(), now: Int(time(nil)), trials: trials) {
        case .failure(let invalid):
            StandardError.write(invalid.description + "\n")
            if let service {
                StandardError.write(
                    """
                    \(service.name) has the groups \(groups.joined(separator: ", ")) here; where a systemd unit gives the \
                    server more (SupplementaryGroups=, LoadCredential=, Environment=): ztna-server check --help

                    """)
            }
            if online { StandardError.write("the identity providers were not asked: first correct the above\n") }
            throw ExitCode.failure
        case .success(let files):
            let isWhole = tell(files)
            let areReachable = online ? try await ask(files.configuration.providers) : true
            guard isWhole, areReachable else { throw ExitCode.failure }
        }
    }

    /// A state directory that is not there yet is tried as root: whoever starts the server may make it for that user, as
    /// systemd does by `StateDirectory=`.
    private func become(_ service: ServiceUser, state: String?) throws -> (Trials, [String]) {
        var trials = Trials.beforeStart
        var status = stat()
        if let state, lstat(state, &status) != 0 {
            let reason = trials.state(state)
            trials = Trials(state: { _ in reason }, append: trials.append, tls: trials.tls, places: trials.places)
            if reason == nil { print("state: \(state) is not there yet, and must be made for \(service.name)") }
        }
        let groups = try service.become(withGroups: group)
        print("checked as \(service.name)" + (user == nil ? ", to whom the state directory belongs" : ""))
        return (trials, groups)
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
        for error in files.contradictions { StandardError.write(error.description + "\n") }
        return files.contradictions.isEmpty
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
