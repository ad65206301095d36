/// `ztna peers` for people. A terminal too narrow for every column gets the ones that tell peers apart.
package enum PeersText {
    package static func lines(
        _ peers: [PeerAnswer], isSwitchedOff: Bool = false, time: TimeText, style: TextStyle
    ) -> [String] {
        guard !peers.isEmpty else {
            if isSwitchedOff {
                return ["No peers: the network is switched off on this device. Switch on with: ztna up"]
            }
            return ["No peers: the policy lets no other device talk with this one, or none is signed in."]
        }
        let full = Table.lines(of: peers, style: TextStyle()) { peer in
            [
                ("HOST", SafeText.line(peer.host)), ("PERSON", SafeText.line(peer.person)),
                ("GROUPS", list(peer.groups)), ("ADDRESSES", list(peer.addresses)),
                ("MAY REACH US", list(peer.mayReachUs)), ("WE MAY REACH", list(peer.weMayReach)),
            ] + path(peer, time: time)
        }
        guard let width = style.width, full.contains(where: { DisplayWidth.of($0) > width }) else { return full }
        return Table.lines(of: peers, style: style) { peer in
            [
                ("HOST", SafeText.line(peer.host)), ("PERSON", SafeText.line(peer.person)),
                ("ADDRESS", peer.addresses.first.map(SafeText.line) ?? "-"),
            ] + path(peer, time: time)
        }
    }

    private static func path(_ peer: PeerAnswer, time: TimeText) -> [(String, String)] {
        [
            ("ENDPOINT", peer.endpoint.map(SafeText.line) ?? "-"),
            ("HANDSHAKE", peer.lastHandshake.map(time.ago) ?? "never"),
            ("RECEIVED", ByteCount.text(peer.received)), ("SENT", ByteCount.text(peer.sent)),
        ]
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "-" : names.map(SafeText.line).joined(separator: ", ")
    }
}

/// Amounts of bytes, in powers of 1,024. Source: IEC 80000-13 (the prefixes).
package enum ByteCount {
    package static func text(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return "\(max(0, bytes)) B" }
        var amount = Double(bytes) / 1024
        var units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][...]
        while amount >= 999.95, units.count > 1 {
            amount /= 1024
            units = units.dropFirst()
        }
        let tenths = Int((amount * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units.first ?? "EiB")"
    }
}
