/// Collects what is wrong while one file is read; reading goes on after each error.
struct Report: Sendable {
    /// After so many errors the rest is not worth reading.
    static var maximumErrors: Int { 200 }

    let source: SourceText
    private var errors: [Finding] = []
    private var remarks: [Finding] = []
    private var unknownKeys: [Position] = []

    private struct Finding: Sendable {
        let position: Position
        let message: String
        let found: String?
        let expected: String?
        let suggestion: String?
    }

    init(source: SourceText) { self.source = source }

    var count: Int { errors.count }

    mutating func error(
        at position: Position, _ message: String, found: String? = nil, expected: String? = nil,
        suggestion: String? = nil
    ) {
        guard errors.count < Self.maximumErrors else { return }
        errors.append(
            Finding(position: position, message: message, found: found, expected: expected, suggestion: suggestion))
    }

    /// What works and should not stay as it is.
    mutating func warning(at position: Position, _ message: String, found: String? = nil, expected: String? = nil) {
        guard remarks.count < Self.maximumErrors else { return }
        remarks.append(
            Finding(position: position, message: message, found: found, expected: expected, suggestion: nil))
    }

    /// What stands under an unknown key may be a secret under a misspelt name, so it is never shown.
    mutating func unknownKey(_ entry: YAMLNode.Entry, in section: String, valid: [String]) {
        unknownKeys.append(entry.position)
        let known = entry.key.unicodeScalars.count <= 60 && SourceText(file: "", text: entry.key).defects.isEmpty
        error(
            at: entry.position, "unknown key\(known ? " \"\(entry.key)\"" : "") in \(section)",
            expected: "one of " + valid.joined(separator: ", "),
            suggestion: NearestWord.of(entry.key, among: valid))
    }

    /// All errors in the order of the file, with the lines they are about.
    var diagnostics: [Diagnostic] { shown(errors, .error) }

    /// What `warning` collected, in the order of the file.
    var warnings: [Diagnostic] { shown(remarks, .warning) }

    private func shown(_ findings: [Finding], _ severity: Diagnostic.Severity) -> [Diagnostic] {
        guard !findings.isEmpty else { return [] }
        let lines = SecretMask(source.lines, unknownKeys: unknownKeys).lines
        return findings.sorted { $0.position < $1.position }.map { finding in
            let line = finding.position.line
            return Diagnostic(
                severity: severity, file: source.file, position: finding.position, message: finding.message,
                found: finding.found, expected: finding.expected, suggestion: finding.suggestion,
                sourceLine: line <= lines.count ? String(lines[line - 1].prefix(200)) : nil)
        }
    }

    /// The value, or all that is wrong.
    func result<Value>(_ value: Value?) -> Result<Value, InvalidConfiguration> {
        if errors.isEmpty, let value { return .success(value) }
        var complete = self
        if errors.isEmpty { complete.error(at: Position(line: 1, column: 1), "the file could not be read") }
        return .failure(InvalidConfiguration(diagnostics: complete.diagnostics))
    }
}
