/// An address and port to send to: "192.0.2.1:51820", "[2001:db8::1]:51820".
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    package let port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != "0", let port = UInt16(digits)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = IPAddress(host.dropFirst().dropLast()), !address.isV4 else { return nil }
            self.init(address: address, port: port)
        } else {
            guard let address = IPAddress(host), address.isV4 else { return nil }
            self.init(address: address, port: port)
        }
    }

    package var description: String { address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}
