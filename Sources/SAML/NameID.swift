internal import Identity
package import SignedXML

/// What a provider calls a person: a text, and what kind of text it is.
///
/// 1…256 bytes without controls, invisible characters or white space at its ends. Source: SAML Core 2.0 §2.2.3, §8.3.7.
package struct NameID: Hashable, Sendable {
    package static let maximumBytes = 256

    package let text: String
    /// Nil means unspecified.
    package let format: String?
    package let nameQualifier: String?
    package let spNameQualifier: String?

    /// Errors: `nameID`.
    package init(
        _ text: String, format: String? = nil, nameQualifier: String? = nil, spNameQualifier: String? = nil
    ) throws(SAMLError) {
        guard Self.isAcceptable(text),
            [format, nameQualifier, spNameQualifier].allSatisfy({ ($0?.utf8.count ?? 0) <= 1_024 })
        else { throw .nameID }
        self.text = text
        self.format = format
        self.nameQualifier = nameQualifier
        self.spNameQualifier = spNameQualifier
    }

    /// Reads a `NameID`. Errors: `nameID`.
    init(_ element: XMLElement) throws(SAMLError) {
        guard let text = element.text else { throw .nameID }
        try self.init(
            text, format: element.value("Format"), nameQualifier: element.value("NameQualifier"),
            spNameQualifier: element.value("SPNameQualifier"))
    }

    /// Byte for byte, and of the same format; who leaves the format out, or says unspecified, leaves it open.
    package func matches(_ other: NameID) -> Bool {
        guard identical(text, other.text) else { return false }
        return isUnspecified || other.isUnspecified || identical(format ?? "", other.format ?? "")
    }

    private var isUnspecified: Bool { format.map { identical($0, NameIDFormat.unspecified) } ?? true }

    var isEmail: Bool { identical(format ?? "", NameIDFormat.emailAddress) }
    var isTransient: Bool { identical(format ?? "", NameIDFormat.transient) }

    package var element: XMLElement {
        let attributes = [("Format", format), ("NameQualifier", nameQualifier), ("SPNameQualifier", spNameQualifier)]
        return XMLElement(
            name: .saml("NameID"),
            attributes: attributes.compactMap { name, value in value.map { XMLAttribute(XMLName(name), $0) } },
            content: [.text(text)])
    }

    /// Whether a text may name a person.
    static func isAcceptable(_ text: String) -> Bool {
        (1...maximumBytes).contains(text.utf8.count) && text.unicodeScalars.allSatisfy(isVisible)
            && text.unicodeScalars.first?.properties.isWhitespace == false
            && text.unicodeScalars.last?.properties.isWhitespace == false
    }

    static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
