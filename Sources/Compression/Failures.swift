/// Why a compressed text could not be read.
package enum DeflateError: Error, Hashable, Sendable {
    /// Damaged, incomplete, or followed by something.
    case broken
    case tooLarge
}
