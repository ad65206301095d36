internal import NetworkAddresses

/// Takes names out of words that people read: reasons, explanations, what a policy file says.
///
/// Those that the record itself names go wherever they stand, in any case of letters. Of others that what looks like an e-mail
/// address, `user:…`, `device:…`, or the address of a host. Free text that names somebody otherwise stays.
struct HiddenWords {
    private let names: Pseudonyms
    /// With small ASCII letters, the longest first: one name may be part of another.
    private let known: [(name: [UInt8], pseudonym: [UInt8])]

    init(_ names: Pseudonyms, known: [String: String]) {
        self.names = names
        self.known = known.map { (Self.folded(Array($0.key.utf8)), Array($0.value.utf8)) }
            .sorted { ($0.name.count, $0.pseudonym.count) > ($1.name.count, $1.pseudonym.count) }
    }

    func hidden(in text: String) -> String {
        let words = String(decoding: withoutKnown(Array(text.utf8)), as: UTF8.self)
        var result = ""
        for (index, word) in words.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { result += " " }
            result += withoutUnknown(word)
        }
        return result
    }

    /// In one pass, so that nothing is looked for in what has been put in place of a name.
    private func withoutKnown(_ text: [UInt8]) -> [UInt8] {
        guard !known.isEmpty else { return text }
        let folded = Self.folded(text)
        var result: [UInt8] = []
        var place = 0
        while place < text.count {
            if let found = known.first(where: { folded[place...].starts(with: $0.name) }) {
                result += found.pseudonym
                place += found.name.count
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    /// One word, in the parts that punctuation makes of it.
    private func withoutUnknown(_ word: Substring) -> String {
        var result = ""
        var part = Substring()
        var kind = Substring()
        for character in word.unicodeScalars {
            // The colon of an IPv6 address is none that ends a part.
            let isColon = character == ":" && ["user", "device"].contains(part)
            if isColon || Self.separators.contains(character) {
                result += withoutUnknown(part, after: kind)
                kind = isColon ? part : ""
                part = ""
                result.unicodeScalars.append(character)
            } else {
                part.unicodeScalars.append(character)
            }
        }
        return result + withoutUnknown(part, after: kind)
    }

    private func withoutUnknown(_ part: Substring, after kind: Substring) -> String {
        let name = part.unicodeScalars.reversed().drop { ".:!?".unicodeScalars.contains($0) }.reversed()
        let text = String(String.UnicodeScalarView(name))
        guard !text.isEmpty else { return String(part) }
        let end = part.unicodeScalars.dropFirst(name.count)
        guard let pseudonym = pseudonym(of: text, after: kind) else { return String(part) }
        return pseudonym + String(end)
    }

    private func pseudonym(of text: String, after kind: Substring) -> String? {
        if kind == "device" { return names.host(text) }
        if kind == "user" || text.utf8.contains(UInt8(ascii: "@")) { return names.person(text) }
        if let address = IPAddress(text) { return names.address(address.description) }
        // With a port.
        guard let colon = text.lastIndex(of: ":"), let address = IPAddress(text[..<colon]) else { return nil }
        return names.address(address.description) + String(text[colon...])
    }

    /// None is part of an address as people write it.
    private static let separators = Set(",;\"()<>[]{}'\n\t/".unicodeScalars)

    private static func folded(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}
