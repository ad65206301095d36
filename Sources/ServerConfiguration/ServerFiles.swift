/// `ztna.yaml` and the policy that it names, read together: one run tells what is wrong with both.
package struct ServerFiles: Sendable {
    package let configuration: ServerConfiguration
    package let policy: PolicyDocument

    /// What is wrong with two files of which each is good: they do not go together.
    package var contradictions: [Diagnostic] {
        configuration.placesDatabase == nil ? policy.askingCountriesInVain(.error) : []
    }

    /// The error holds everything that is wrong and every warning: those of `ztna.yaml` first, each file's by their places.
    package static func load(
        path: String, files: Files, now: Int, trials: Trials = .none
    ) -> Result<ServerFiles, InvalidConfiguration> {
        switch Report.open(path, files) {
        case .failure(let invalid): return .failure(invalid)
        case .success(let opened):
            let context = FileContext(path: path, files: files, now: now, trials: trials)
            var reader = ServerFileReader(report: opened.report, context: context)
            var configuration = reader.configuration()
            configuration?.warnings = reader.report.warnings
            let first = reader.report.result(configuration)
            let second = reader.policyFile.map { PolicyFile.load(path: $0, files: files, now: now) }
            if case .success(let configuration) = first, case .success(let policy)? = second {
                return .success(ServerFiles(configuration: configuration, policy: policy))
            }
            var found = reader.report.warnings
            if case .failure(let invalid) = first { found += invalid.diagnostics }
            found.sort { $0.position < $1.position }
            switch second {
            case .success(let policy)?:
                found += policy.warnings + (reader.namesPlaces ? [] : policy.askingCountriesInVain(.error))
            case .failure(let invalid)?: found += invalid.diagnostics
            case nil: break
            }
            return .failure(InvalidConfiguration(diagnostics: found))
        }
    }

    /// The state directory that a file names, whatever else is wrong with the file; nil when it names none.
    package static func stateDirectory(namedIn path: String, files: Files) -> String? {
        guard case .success(let opened) = Report.open(path, files) else { return nil }
        var report = opened.report
        guard case .mapping(let entries)? = report.root(expected: "")?.content,
            case .scalar(let text, _)? = entries.first(where: { $0.key == "state" })?.value.content, !text.isEmpty
        else { return nil }
        return Files.resolve(text, besides: path)
    }
}
