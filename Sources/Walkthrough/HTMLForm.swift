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
        var rest = html[...]
        while let start = rest.firstRange(of: "<form"), let end = rest[start.upperBound...].firstRange(of: "</form>") {
            forms.append(HTMLForm(markup: rest[start.lowerBound..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return forms
    }

    private init(markup: Substring) {
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

    private static func tags(in markup: Substring) -> [(name: String, attributes: [String: String])] {
        var result: [(String, [String: String])] = []
        for piece in markup.split(separator: "<") where piece.first?.isLetter == true {
            let inside = piece.prefix { $0 != ">" }
            let name = inside.prefix { $0.isLetter }.lowercased()
            guard ["form", "input", "button"].contains(name) else { continue }
            result.append((name, attributes(in: inside.dropFirst(name.count))))
        }
        return result
    }

    private static func attributes(in text: Substring) -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = text
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == "/" }
            let name = rest.prefix { !$0.isWhitespace && $0 != "=" }
            guard !name.isEmpty else { return attributes }
            rest = rest[name.endIndex...].drop { $0.isWhitespace }
            guard rest.first == "=" else {
                attributes[name.lowercased()] = ""
                continue
            }
            rest = rest.dropFirst().drop { $0.isWhitespace }
            if let quote = rest.first, quote == "\"" || quote == "'" {
                let value = rest.dropFirst().prefix { $0 != quote }
                attributes[name.lowercased()] = unescaped(value)
                rest = rest[value.endIndex...].dropFirst()
            } else {
                let value = rest.prefix { !$0.isWhitespace }
                attributes[name.lowercased()] = unescaped(value)
                rest = rest[value.endIndex...]
            }
        }
    }

    static func unescaped(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var result = String(text)
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'"),
            ("&#x2F;", "/"), ("&#61;", "="), ("&amp;", "&"),
        ] { result = result.replacing(entity, with: character) }
        return result
    }
}
