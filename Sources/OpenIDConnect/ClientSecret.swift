package import Cryptography

/// The secret we share with a provider: in locked memory, never printed, lent only to the token request.
package final class ClientSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: SecretBytes

    /// Takes the secret out of `source` and wipes it. Errors: `invalidKey` when empty or not UTF-8, `outOfLockedMemory`.
    package init(taking source: inout [UInt8]) throws(CryptographyError) {
        guard !source.isEmpty, String(validating: source, as: UTF8.self) != nil else { throw .invalidKey }
        bytes = try SecretBytes(taking: &source)
    }

    package convenience init(_ text: String) throws(CryptographyError) {
        var source = Array(text.utf8)
        try self.init(taking: &source)
    }

    package var description: String { "(client secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// For the one request that carries it.
    func text() -> String { bytes.withBytes { String(decoding: $0, as: UTF8.self) } }
}
