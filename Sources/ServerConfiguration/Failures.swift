/// Everything wrong with a file, or with two, in the order of each; never empty.
package struct InvalidConfiguration: Error, Hashable, Sendable, CustomStringConvertible {
    package let diagnostics: [Diagnostic]

    /// Every diagnostic with its source line, as a compiler prints them.
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
