/// Names that a person takes for other names.
///
/// Knows letters of the scripts that look alike (Latin, Greek, Cyrillic, Armenian, Cherokee), full-width forms, invisible
/// characters, and the digits 0 and 1. Source: Unicode Technical Standard 39 §4 (skeletons), §5.1 (mixed scripts).
enum LookAlikes {
    /// The same text for names that look alike.
    static func skeleton(of name: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in name.lowercased().unicodeScalars where scalar.properties.generalCategory != .format {
            result.append(plain(scalar))
        }
        return String(result)
    }

    /// What is odd about one name; nil: nothing.
    static func oddity(of name: String) -> String? {
        var scripts: Set<String> = []
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .format, .privateUse, .unassigned, .surrogate:
                return "holds a character that cannot be seen"
            default: if let script = script(of: scalar) { scripts.insert(script) }
            }
        }
        guard scripts.count > 1 else { return nil }
        return "mixes letters of \(scripts.sorted().joined(separator: " and ")), which look alike"
    }

    /// In quotation marks, with what is not ASCII told apart: "dbа" is `"db\u{430}"`.
    static func spelled(_ name: String) -> String {
        guard !name.utf8.allSatisfy({ $0 < 0x80 }) else { return "\"\(name)\"" }
        let escaped = name.unicodeScalars.prefix(100).map { $0.escaped(asASCII: true) }.joined()
        return oddity(of: name) == nil ? "\"\(name)\" (\(escaped))" : "\"\(escaped)\""
    }

    private static func script(of scalar: Unicode.Scalar) -> String? {
        guard scalar.properties.isAlphabetic else { return nil }
        return switch scalar.value {
        case 0x41...0x24F, 0x1E00...0x1EFF: "Latin"
        case 0x370...0x3FF, 0x1F00...0x1FFF: "Greek"
        case 0x400...0x52F: "Cyrillic"
        case 0x530...0x58F: "Armenian"
        case 0x13A0...0x13FF, 0xAB70...0xABBF: "Cherokee"
        default: nil
        }
    }

    /// Small letters of other scripts, each before the ASCII character that it looks like.
    private static let pairs: [Unicode.Scalar: Unicode.Scalar] = {
        let text = """
            аa вb еe ѕs іi јj оo рp сc уy хx һh ԁd ԛq ԝw кk мm нh тt гr пn зe ьb
            αa βb εe ηn ιi κk νv οo ρp τt υu χx γy ωw
            օo հh սu ոn զq ց9 յj
            ıi łl øo đd ɡg ɑa ſs
            0o 1l |l il
            """
        var pairs: [Unicode.Scalar: Unicode.Scalar] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
            let scalars = Array(word.unicodeScalars)
            if scalars.count == 2 { pairs[scalars[0]] = scalars[1] }
        }
        return pairs
    }()

    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        var scalar = scalar
        if (0xFF01...0xFF5E).contains(scalar.value) { scalar = Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar }
        // One more step: what looks like an i looks like an l.
        let first = pairs[scalar] ?? scalar
        return pairs[first] ?? first
    }
}
