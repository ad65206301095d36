/// A file's text, cut into lines, with what of each line may be shown.
struct SourceText: Sendable {
    let file: String
    let text: String
    let lines: [String]

    /// Larger files are refused unread.
    static var maximumBytes: Int { 256 * 1024 }

    /// Cuts at LF, CR LF and CR, which are the only line breaks that `defects` lets pass.
    init(file: String, text: String) {
        self.file = file
        self.text = text
        var lines: [String] = []
        var current = String.UnicodeScalarView()
        var afterReturn = false
        for scalar in text.unicodeScalars {
            let isNewline = scalar == "\n"
            if isNewline && afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = scalar == "\r"
            if isNewline || afterReturn {
                lines.append(String(current))
                current = String.UnicodeScalarView()
            } else {
                current.append(scalar)
            }
        }
        lines.append(String(current))
        self.lines = lines
    }

    /// What YAML's reader would refuse, or accept and misplace: controls, private characters, odd line breaks, and tabs
    /// in indentation. Each is one defect with its place.
    var defects: [(Position, String)] {
        var defects: [(Position, String)] = []
        for (index, line) in lines.enumerated() {
            let scalars = Array(line.unicodeScalars)
            if let tab = scalars.prefix(while: { $0 == " " || $0 == "\t" }).firstIndex(of: "\t"),
                scalars.contains(where: { $0 != " " && $0 != "\t" })
            {
                defects.append((Position(line: index + 1, column: tab + 1), "a tab indents this line; use spaces"))
            }
            if let odd = scalars.firstIndex(where: Self.isRefused) {
                let code = String(scalars[odd].value, radix: 16, uppercase: true)
                let name = "U+" + String(repeating: "0", count: max(0, 4 - code.utf8.count)) + code
                defects.append((Position(line: index + 1, column: odd + 1), "the character \(name) is not allowed"))
            }
        }
        return defects
    }

    /// The text of a valid UTF-8 file without its byte order mark, or the place of the first byte that is not UTF-8.
    static func decode(_ bytes: [UInt8]) -> Result<String, NotUTF8> {
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        if let text = String(validating: content, as: UTF8.self) { return .success(text) }
        let repaired = Array(String(decoding: content, as: UTF8.self).utf8)
        let offset = zip(content, repaired).prefix { $0 == $1 }.count
        let before = String(decoding: content.prefix(offset), as: UTF8.self)
        let lines = SourceText(file: "", text: before).lines
        return .failure(
            NotUTF8(position: Position(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)))
    }

    struct NotUTF8: Error { let position: Position }

    private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09: false
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: scalar.properties.generalCategory == .privateUse
        }
    }
}
