/// HTML as it is put together: what is written in a literal is markup, what stands in `\(…)` is text and is escaped.
///
/// Literals are known when the program is compiled, and only `ShownText` and other markup may be interpolated: a `String`
/// has no way in, so nothing that was received can be anything but text.
///
///     let greeting: Markup = "<p title=\"\(name)\">Hello, <bdi>\(name)</bdi></p>"
struct Markup: Sendable, ExpressibleByStringInterpolation {
    private var bytes: [UInt8]

    /// `StaticString`: no text that was made at run time can be given for a literal.
    init(stringLiteral literal: StaticString) { bytes = literal.withUTF8Buffer { Array($0) } }

    init(stringInterpolation: Interpolation) { bytes = stringInterpolation.bytes }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 64 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { bytes.append(contentsOf: $0) }
        }

        mutating func appendInterpolation(_ text: ShownText) { bytes.append(escaping: text.text) }

        mutating func appendInterpolation(_ markup: Markup) { bytes.append(contentsOf: markup.bytes) }

        /// Nothing for nil: `\(page.problem.map { "<p>\($0)</p>" })`.
        mutating func appendInterpolation(_ markup: Markup?) {
            if let markup { appendInterpolation(markup) }
        }

        /// One after the other: `\(page.numbers.map { "<li>\($0)</li>" })`.
        mutating func appendInterpolation(_ parts: [Markup]) {
            for part in parts { appendInterpolation(part) }
        }

        /// `\(when: page.isRenewal, "<p>…</p>")`.
        mutating func appendInterpolation(when condition: Bool, _ markup: @autoclosure () -> Markup) {
            if condition { appendInterpolation(markup()) }
        }
    }
}

extension Markup {
    /// A sentence in which commands stand between backticks: they are set as code. One that has no partner is itself.
    init(sentence: ShownText) {
        let parts = sentence.text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        var markup: Markup = ""
        for (index, part) in parts.enumerated() {
            let text = ShownText(part)
            if index % 2 == 0 {
                markup = "\(markup)\(text)"
            } else if index < parts.count - 1 {
                markup = "\(markup)<code>\(text)</code>"
            } else {
                markup = "\(markup)`\(text)"
            }
        }
        self = markup
    }
}

extension [UInt8] {
    /// Text for an element or for an attribute in either kind of quotes. Byte by byte: in UTF-8 these five occur as
    /// themselves only, whatever joins them to one character. Source: HTML §13.1.2.3, §13.1.2.4.
    fileprivate mutating func append(escaping text: String) {
        guard text.utf8.contains(where: Self.isMarkup) else { return append(contentsOf: text.utf8) }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "&"): append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "\""): append(contentsOf: "&quot;".utf8)
            case UInt8(ascii: "'"): append(contentsOf: "&#39;".utf8)
            default: append(byte)
            }
        }
    }

    private static func isMarkup(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        default: false
        }
    }
}
