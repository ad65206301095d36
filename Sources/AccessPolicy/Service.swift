package import NetworkAddresses

/// What a rule allows: a protocol and its ports.
///
/// Text: `tcp/22`, `tcp/8000-8100`, `udp/53`, a whole protocol (`tcp`, `udp`, `icmp`), or `any`. Ports are 1…65535,
/// decimal, without leading zeros. Ports without a protocol, and ports of ICMP, do not exist.
package struct Service: Hashable, Sendable {
    /// Nil: any protocol, and then any port.
    package let `protocol`: TransportProtocol?
    /// Nil: all ports of the protocol.
    package let ports: ClosedRange<UInt16>?

    package static var any: Service { Service(protocol: nil, ports: nil) }

    init(protocol transport: TransportProtocol?, ports: ClosedRange<UInt16>?) {
        `protocol` = transport
        self.ports = ports
    }

    package init(parsing text: String) throws(PolicyError) {
        if text == "any" {
            self = .any
            return
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let transport = TransportProtocol(rawValue: String(first)) else {
            throw .service(text)
        }
        guard parts.count == 2, let last = parts.last else {
            self.init(protocol: transport, ports: nil)
            return
        }
        guard transport != .icmp, let ports = Self.ports(last) else { throw .service(text) }
        self.init(protocol: transport, ports: ports)
    }

    package var text: String {
        guard let `protocol` else { return "any" }
        guard let ports else { return `protocol`.rawValue }
        return ports.count == 1
            ? "\(`protocol`.rawValue)/\(ports.lowerBound)"
            : "\(`protocol`.rawValue)/\(ports.lowerBound)-\(ports.upperBound)"
    }

    /// A port of nil is one that is not known; it lies in no range, only in "all ports".
    package func includes(_ transport: TransportProtocol, port: UInt16?) -> Bool {
        guard let `protocol` else { return true }
        guard `protocol` == transport else { return false }
        guard let ports else { return true }
        return port.map(ports.contains) ?? false
    }

    private static func ports(_ text: Substring) -> ClosedRange<UInt16>? {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(bounds.count), let first = bounds.first.flatMap(port),
            let last = bounds.last.flatMap(port), first <= last
        else { return nil }
        return first...last
    }

    private static func port(_ digits: Substring) -> UInt16? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.first != UInt8(ascii: "0"),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return UInt16(digits)
    }
}
