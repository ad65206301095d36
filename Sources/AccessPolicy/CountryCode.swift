/// A country: two capital letters. Source: ISO 3166-1 alpha-2.
package struct CountryCode: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    /// Capital letters only, so that two texts are never one country.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 2,
            text.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    package var description: String { text }
    package static func < (left: CountryCode, right: CountryCode) -> Bool { left.text < right.text }
}
