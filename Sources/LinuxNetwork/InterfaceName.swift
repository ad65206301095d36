/// The name of a network interface: 1…15 bytes of `[A-Za-z0-9._-]`, not "." or "..", so that it is safe in scripts and paths.
package struct InterfaceName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: some StringProtocol) {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard (1...15).contains(text.utf8.count), allowed, text != ".", text != ".." else { return nil }
        self.text = String(text)
    }

    package var description: String { text }
}
