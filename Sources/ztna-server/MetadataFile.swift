import ServerConfiguration

/// Reads a SAML metadata file for the gateway, which cannot read files itself.
enum MetadataFile {
    struct Failure: Error, CustomStringConvertible { let description: String }

    @Sendable static func read(_ path: String, maximumBytes: Int) throws -> [UInt8] {
        switch Files.ofSystem().read(path, maximumBytes) {
        case .success(let bytes): return bytes
        case .failure(let failure): throw Failure(description: "the file \(failure.description)")
        }
    }
}
