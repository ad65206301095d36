/// Reads the HTML our templates write as a browser's tokenizer would: scalar by scalar, never by grapheme cluster.
struct MarkupReader {
    struct Tag: CustomStringConvertible {
        let name: String
        let attributes: [String: String]
        let ancestors: [String]

        /// All of it but the attributes' values: what hostile text must not be able to change.
        var shape: String {
            ([ancestors.joined(separator: " "), name] + attributes.keys.sorted()).joined(separator: "|")
        }
        var description: String { "<\(name) \(attributes)>" }
    }

    private(set) var tags: [Tag] = []
    /// The first thing that is not well formed.
    private(set) var fault: String?

    private static let void: Set = ["meta", "link", "input", "img", "br", "hr"]
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var open: [String] = []

    init(_ html: String) {
        scalars = Array(html.unicodeScalars)
        while fault == nil, position < scalars.count {
            if scalars[position] == "<" { readTag() } else { readText() }
        }
        if fault == nil, !open.isEmpty { fault = "left open: \(open)" }
    }

    private mutating func readText() {
        if scalars[position] == ">" { fault = "bare > after \(tags.last?.description ?? "nothing")" }
        position += 1
    }

    private mutating func readTag() {
        position += 1
        if take("!") {
            while position < scalars.count, scalars[position] != ">" { position += 1 }
            position += 1
            return
        }
        let isEnd = take("/")
        let name = readName()
        guard !name.isEmpty else { return fault = "bare < after \(tags.last?.description ?? "nothing")" }
        var attributes: [String: String] = [:]
        while fault == nil {
            skipSpace()
            guard position < scalars.count else { return fault = "unfinished <\(name)" }
            let isEmptyElement = take("/")
            if take(">") { return close(name, isEnd: isEnd, isEmptyElement: isEmptyElement, attributes) }
            readAttribute(into: &attributes, of: name)
        }
    }

    private mutating func readAttribute(into attributes: inout [String: String], of tag: String) {
        let name = readName()
        guard !name.isEmpty, attributes[name] == nil else { return fault = "attribute \(name) of <\(tag)>" }
        guard take("=") else { return attributes[name] = "" }
        guard take("\"") else { return fault = "unquoted \(name)" }
        var value = String.UnicodeScalarView()
        while position < scalars.count, scalars[position] != "\"" {
            value.append(scalars[position])
            position += 1
        }
        if !take("\"") { fault = "unfinished value of \(name)" }
        attributes[name] = String(value)
    }

    private mutating func close(_ name: String, isEnd: Bool, isEmptyElement: Bool, _ attributes: [String: String]) {
        if isEnd {
            if open.popLast() != name || !attributes.isEmpty { fault = "</\(name)> out of place" }
            return
        }
        tags.append(Tag(name: name, attributes: attributes, ancestors: open))
        if !isEmptyElement, !Self.void.contains(name) { open.append(name) }
    }

    private mutating func readName() -> String {
        var name = String.UnicodeScalarView()
        while position < scalars.count,
            scalars[position].properties.isAlphabetic || "-:0123456789".unicodeScalars.contains(scalars[position])
        {
            name.append(scalars[position])
            position += 1
        }
        return String(name)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard position < scalars.count, scalars[position] == scalar else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
    }
}
