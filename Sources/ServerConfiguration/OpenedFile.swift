extension Report {
    struct Opened {
        let report: Report
        let bytes: [UInt8]
    }

    /// Reads and decodes one file, or says why it cannot be read.
    static func open(
        _ path: String, _ files: Files, atMost limit: Int = SourceText.maximumBytes
    ) -> Result<Opened, InvalidConfiguration> {
        switch files.read(path, limit) {
        case .failure(.tooLarge): return tooLarge(path, limit)
        case .failure(let failure):
            return refusal(path, Position(line: 1, column: 1), "the file \(failure.description)")
        case .success(let bytes): return decode(bytes, name: path, atMost: limit)
        }
    }

    static func decode(_ bytes: [UInt8], name: String, atMost limit: Int) -> Result<Opened, InvalidConfiguration> {
        guard bytes.count <= limit else { return tooLarge(name, limit) }
        switch SourceText.decode(bytes) {
        case .success(let text):
            return .success(Opened(report: Report(source: SourceText(file: name, text: text)), bytes: bytes))
        case .failure(let failure):
            return refusal(name, failure.position, "the file is not UTF-8 from here on")
        }
    }

    private static func tooLarge(_ name: String, _ limit: Int) -> Result<Opened, InvalidConfiguration> {
        refusal(
            name, Position(line: 1, column: 1), "the file is too large", expected: "at most \(limit / 1024) KiB")
    }

    private static func refusal(
        _ name: String, _ position: Position, _ message: String, expected: String? = nil
    ) -> Result<Opened, InvalidConfiguration> {
        var report = Report(source: SourceText(file: name, text: ""))
        report.error(at: position, message, expected: expected)
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
