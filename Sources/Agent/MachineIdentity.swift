internal import Cryptography
internal import Glibc

/// Tells whether a state directory was made on this machine: a copied one would make two machines one device.
///
/// `machine`: the SHA-256 of "ztna-machine-v1 " and /etc/machine-id, hexadecimal; absent on a machine without one.
/// Source: machine-id(5).
package enum MachineIdentity {
    package static let fileName = "machine"

    /// `machine` is the text of /etc/machine-id; nil where there is none. Errors: `copied`, and as `StateDirectory`.
    package static func confirm(_ machine: String?, in directory: StateDirectory) throws(StateError) {
        let current = machine.map { Hexadecimal.encode(Digest.sha256("ztna-machine-v1 " + $0)) }
        guard let stored = try directory.read(fileName) else {
            if let current { try directory.write(Array(current.utf8), to: fileName) }
            return
        }
        guard let current, stored == Array(current.utf8) else { throw .copied(path: directory.path) }
    }

    /// 32 hexadecimal digits, or nil.
    package static func ofThisMachine(path: String = "/etc/machine-id") -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = fread(&buffer, 1, buffer.count, file)
        let text = String(decoding: buffer.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self)
        guard text.utf8.count == 32, Hexadecimal.decode(text) != nil else { return nil }
        return text
    }
}
