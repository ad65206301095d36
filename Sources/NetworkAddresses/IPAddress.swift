/// An IPv4 or IPv6 address, in network byte order; never carries a zone.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    /// The address as two halves, high first.
    case v6(UInt64, UInt64)

    /// Dotted decimal without leading zeros (RFC 6943 §3.1.1), or RFC 4291 §2.2 text. Nil for anything else.
    package init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let halves = IPv6Text.parse(text) else { return nil }
            self = .v6(halves.0, halves.1)
        } else {
            guard let value = IPv4Text.parse(text) else { return nil }
            self = .v4(value)
        }
    }

    /// 4 or 16 bytes, as on the wire.
    package init?(bytes: [UInt8]) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    package var bytes: [UInt8] {
        switch self {
        case .v4(let value): (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        case .v6(let high, let low):
            (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
                + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
        }
    }

    package var isV4: Bool { if case .v4 = self { true } else { false } }
    /// 32 or 128.
    package var width: Int { isV4 ? 32 : 128 }
}

extension IPAddress: CustomStringConvertible {
    /// Canonical text: dotted decimal, or RFC 5952.
    package var description: String {
        switch self {
        case .v4(let value): "\(value >> 24).\(value >> 16 & 0xFF).\(value >> 8 & 0xFF).\(value & 0xFF)"
        case .v6(let high, let low): IPv6Text.write(high, low)
        }
    }
}

extension IPAddress: Comparable {
    package static func < (left: IPAddress, right: IPAddress) -> Bool {
        switch (left, right) {
        case (.v4(let first), .v4(let second)): first < second
        case (.v4, .v6): true
        case (.v6, .v4): false
        case (.v6(let firstHigh, let firstLow), .v6(let secondHigh, let secondLow)):
            (firstHigh, firstLow) < (secondHigh, secondLow)
        }
    }
}

private enum IPv4Text {
    static func parse(_ text: some StringProtocol) -> UInt32? {
        var value: UInt32 = 0
        var number: UInt32?
        var dots = 0
        for byte in text.utf8 {
            switch (byte, number) {
            case (UInt8(ascii: "."), let finished?):
                value = value << 8 | finished
                number = nil
                dots += 1
            // A number that is zero so far may not go on: no leading zeros.
            case (0x30...0x39, let begun) where begun != 0:
                let next = (begun ?? 0) * 10 + UInt32(byte - 0x30)
                guard next < 256 else { return nil }
                number = next
            default: return nil
            }
        }
        // A fourth dot has shifted the first number out, and is none of an address.
        guard dots == 3, let last = number else { return nil }
        return value << 8 | last
    }
}

private enum IPv6Text {
    static func parse(_ text: some StringProtocol) -> (UInt64, UInt64)? {
        guard text.utf8.count <= 45 else { return nil }
        let sides = splitAtDoubleColon(String(text))
        guard let sides, let head = groups(sides.0, isEnd: sides.1 == nil),
            let tail = groups(sides.1 ?? "", isEnd: true)
        else { return nil }
        var all = head
        if sides.1 != nil {
            guard head.count + tail.count <= 7 else { return nil }
            all += [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
        }
        guard all.count == 8 else { return nil }
        return (all.prefix(4).reduce(0) { $0 << 16 | UInt64($1) }, all.suffix(4).reduce(0) { $0 << 16 | UInt64($1) })
    }

    /// The text before and after the one "::"; nil when there are two.
    private static func splitAtDoubleColon(_ text: String) -> (String, String?)? {
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        let positions = bytes.indices.dropLast().filter { bytes[$0] == colon && bytes[$0 + 1] == colon }
        guard let first = positions.first else { return (text, nil) }
        guard positions.count == 1 else { return nil }
        return (
            String(decoding: bytes[..<first], as: UTF8.self), String(decoding: bytes[(first + 2)...], as: UTF8.self)
        )
    }

    /// RFC 4291 §2.2 no. 3: dotted decimal only as the address's last 32 bits.
    private static func groups(_ text: String, isEnd: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var result: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if isEnd, index == parts.count - 1, part.contains(".") {
                guard let value = IPv4Text.parse(part) else { return nil }
                result += [UInt16(value >> 16), UInt16(value & 0xFFFF)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                    let value = UInt16(part, radix: 16)
                else { return nil }
                result.append(value)
            }
        }
        return result
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::".
    static func write(_ high: UInt64, _ low: UInt64) -> String {
        let groups =
            (0..<4).map { UInt16(truncatingIfNeeded: high >> (48 - 16 * $0)) }
            + (0..<4).map { UInt16(truncatingIfNeeded: low >> (48 - 16 * $0)) }
        var best = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start) + 1
        }
        func text(_ part: some Collection<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? text(groups) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
