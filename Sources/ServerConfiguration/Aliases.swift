/// Finds an alias (`*name`) of an anchor (`&name`) without reading YAML.
///
/// It may see anchors and aliases inside texts and comments, but misses none, and one without the other is harmless:
/// an anchor that nothing refers to expands to nothing, an alias of no anchor is an error to the YAML library.
/// Source: YAML 1.1 §3.2.2.2, §4.2.2; the alphabet is libyaml's.
enum Aliases {
    static func first(in lines: [String]) -> Position? {
        var anchors: Set<String> = []
        for line in lines {
            for (name, _) in names(after: "&", in: line) { anchors.insert(name) }
        }
        guard !anchors.isEmpty else { return nil }
        for (index, line) in lines.enumerated() {
            for (name, column) in names(after: "*", in: line) where anchors.contains(name) {
                return Position(line: index + 1, column: column)
            }
        }
        return nil
    }

    /// Each longest name that follows the mark directly, with the mark's column.
    private static func names(after mark: Unicode.Scalar, in line: String) -> [(String, Int)] {
        var names: [(String, Int)] = []
        let scalars = Array(line.unicodeScalars)
        for (index, scalar) in scalars.enumerated() where scalar == mark {
            let name = scalars[(index + 1)...].prefix { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
                default: false
                }
            }
            if !name.isEmpty { names.append((String(String.UnicodeScalarView(name)), index + 1)) }
        }
        return names
    }
}
