/// The first forms of a page: enough HTML for sign-in pages, and no more.
package struct HTMLForm: Hashable, Sendable {
    package struct Button: Hashable, Sendable {
        package let name: String
        package let value: String
    }

    package let action: String
    package let method: String
    /// Inputs with their preset values, in order; radio buttons are left out.
    package let fields: [String: String]
    package let buttons: [Button]

    package static func all(in html: String) -> [HTMLForm] {
        var forms: [HTMLForm] = []
        var rest = Array(html.utf8)[...]
        while let start = rest.place(of: "<form"), let end = rest[start...].place(of: "</form>") {
            forms.append(HTMLForm(markup: rest[start..<end]))
            rest = rest[end...].dropFirst()
        }
        return forms
    }

    private init(markup: ArraySlice<UInt8>) {
        let tags = Self.tags(in: markup)
        let form = tags.first?.attributes ?? [:]
        action = form["action"] ?? ""
        method = (form["method"] ?? "get").uppercased()
        var fields: [String: String] = [:]
        var buttons: [Button] = []
        for tag in tags.dropFirst() {
            let name = tag.attributes["name"] ?? ""
            let type = tag.attributes["type"]?.lowercased() ?? (tag.name == "button" ? "submit" : "text")
            switch (tag.name, type) {
            case ("button", "submit"), ("input", "submit"):
                buttons.append(Button(name: name, value: tag.attributes["value"] ?? ""))
            case ("input", "radio"), ("input", "checkbox"): break
            case ("input", _) where !name.isEmpty: fields[name] = tag.attributes["value"] ?? ""
            default: break
            }
        }
        self.fields = fields
        self.buttons = buttons
    }

    private static func tags(in markup: ArraySlice<UInt8>) -> [(name: String, attributes: [String: String])] {
        var result: [(String, [String: String])] = []
        for piece in markup.split(separator: UInt8(ascii: "<")) {
            let inside = piece.prefix { $0 != UInt8(ascii: ">") }
            let name = text(inside.prefix { $0.isLetter }).lowercased()
            guard ["form", "input", "button"].contains(name) else { continue }
            result.append((name, attributes(in: inside.dropFirst(name.utf8.count))))
        }
        return result
    }

    private static func attributes(in markup: ArraySlice<UInt8>) -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = markup
        while true {
            rest = rest.drop { $0.isSpace || $0 == UInt8(ascii: "/") }
            let name = rest.prefix { !$0.isSpace && $0 != UInt8(ascii: "=") }
            guard !name.isEmpty else { return attributes }
            rest = rest[name.endIndex...].drop { $0.isSpace }
            guard rest.first == UInt8(ascii: "=") else {
                attributes[text(name).lowercased()] = ""
                continue
            }
            rest = rest.dropFirst().drop { $0.isSpace }
            let value: ArraySlice<UInt8>
            if let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                value = rest.dropFirst().prefix { $0 != quote }
                rest = rest[value.endIndex...].dropFirst()
            } else {
                value = rest.prefix { !$0.isSpace }
                rest = rest[value.endIndex...]
            }
            attributes[text(name).lowercased()] = unescaped(text(value))
        }
    }

    /// The value of the first attribute of that name, of whatever element.
    static func attribute(_ name: String, in html: String) -> String? {
        let bytes = Array(html.utf8)
        let start = name + "=\""
        guard let place = bytes[...].place(of: start) else { return nil }
        return unescaped(text(bytes[place...].dropFirst(start.utf8.count).prefix { $0 != UInt8(ascii: "\"") }))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = text
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'"),
            ("&#x2F;", "/"), ("&#61;", "="), ("&amp;", "&"),
        ] { result = result.replacing(entity, with: character) }
        return result
    }
}

// Markup is ASCII; whatever else a page says is carried through. Bytes, not characters: the bench counts what a server does
// beside a browser, and characters cost more than the server.
extension UInt8 {
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || (9...13).contains(self) }

    fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

extension ArraySlice<UInt8> {
    /// Where `text` first begins.
    fileprivate func place(of text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return startIndex }
        var rest = self
        while let place = rest.firstIndex(of: first) {
            if self[place...].starts(with: wanted) { return place }
            rest = rest[(place + 1)...]
        }
        return nil
    }
}
