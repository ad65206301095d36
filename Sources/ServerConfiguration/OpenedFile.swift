extension Report {
    struct Opened {
        let report: Report
        let bytes: [UInt8]
    }

    /// Reads and decodes one file, or says why it cannot be read.
    static func open(_ path: String, _ files: Files) -> Result<Opened, InvalidConfiguration> {
        var report = Report(source: SourceText(file: path, text: ""))
        let start = Position(line: 1, column: 1)
        switch files.read(path, SourceText.maximumBytes) {
        case .failure(.tooLarge):
            report.error(at: start, "the file is too large", expected: "at most \(SourceText.maximumBytes / 1024) KiB")
        case .failure(let failure): report.error(at: start, "the file \(failure.description)")
        case .success(let bytes) where bytes.count > SourceText.maximumBytes:
            report.error(at: start, "the file is too large", expected: "at most \(SourceText.maximumBytes / 1024) KiB")
        case .success(let bytes):
            switch SourceText.decode(bytes) {
            case .success(let text):
                return .success(Opened(report: Report(source: SourceText(file: path, text: text)), bytes: bytes))
            case .failure(let failure): report.error(at: failure.position, "the file is not UTF-8 from here on")
            }
        }
        return .failure(InvalidConfiguration(diagnostics: report.diagnostics))
    }

    /// The document, or nil with what is wrong reported.
    mutating func root(expected: String) -> YAMLNode? {
        let before = count
        let root = YAMLReader.read(&self)
        if let root, !root.isNothing { return root.isUnreadable ? nil : root }
        if count == before { error(at: Position(line: 1, column: 1), "the file is empty", expected: expected) }
        return nil
    }
}
