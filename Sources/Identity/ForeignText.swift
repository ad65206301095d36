/// Text from outside, fit for one log line: escaped, at most 200 characters, in quotation marks.
package func quoted(_ text: String) -> String {
    let shortened = text.unicodeScalars.prefix(200).map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: scalar.escaped(asASCII: true)
        default: scalar == "\"" ? "\\\"" : String(Character(scalar))
        }
    }
    return "\"" + shortened.joined() + (text.unicodeScalars.count > 200 ? "…" : "") + "\""
}

/// Equal to the last byte, as identifiers are: strings of Swift's are equal when Unicode calls them equivalent.
package func identical(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}
