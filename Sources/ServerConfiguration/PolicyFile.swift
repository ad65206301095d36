internal import Wire

/// Reads `policy.yaml`, checked whole; a policy whose tests fail is not a policy.
///
/// `files` are also asked for the time zones of the system. `now` is in seconds since the epoch. With `known` names, those
/// that nobody has are warned about.
package enum PolicyFile {
    package static var maximumBytes: Int { AdministrativeRequest.maximumPolicyBytes }

    package static func load(
        path: String, files: Files, now: Int, known: KnownNames? = nil
    ) -> Result<PolicyDocument, InvalidConfiguration> {
        switch Report.open(path, files, atMost: maximumBytes) {
        case .failure(let invalid): .failure(invalid)
        case .success(let opened): read(opened, files, now, known)
        }
    }

    /// The same for a text that is no file; `name` is what diagnostics call it.
    package static func read(
        _ bytes: [UInt8], name: String, files: Files, now: Int, known: KnownNames? = nil
    ) -> Result<PolicyDocument, InvalidConfiguration> {
        switch Report.decode(bytes, name: name, atMost: maximumBytes) {
        case .failure(let invalid): .failure(invalid)
        case .success(let opened): read(opened, files, now, known)
        }
    }

    private static func read(
        _ opened: Report.Opened, _ files: Files, _ now: Int, _ known: KnownNames?
    ) -> Result<PolicyDocument, InvalidConfiguration> {
        var reader = PolicyReader(report: opened.report, zones: ZoneReader(files: files, now: now), now: now)
        return reader.document(of: opened.bytes, known: known)
    }
}
