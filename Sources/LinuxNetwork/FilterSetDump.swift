internal import CLinux
internal import NetworkAddresses

//  key of a set of ours: address (4 or 16) [· protocol u8, padded to 4 · port u16 BE, padded to 4]

/// The members of a set as the kernel has them, by netlink: a tenth of what nft's own listing takes for many.
///
/// Acts in the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h, NFT_MSG_GETSETELEM.
struct FilterSetDump: ~Copyable {
    private static let getElements: Int32 = 13
    private static let (listTable, listSet, listElements): (UInt16, UInt16, UInt16) = (1, 2, 3)
    private static let (key, expiration, keyEnd, dataValue): (UInt16, UInt16, UInt16, UInt16) = (1, 5, 10, 1)

    private var socket: NetfilterSocket

    init() throws(LinuxNetworkError) { socket = try NetfilterSocket(largestReply: 1 << 17) }

    /// By key, as `FilterElements` writes it; the value is the whole seconds that remain, nil for a member without timeout.
    mutating func members(of set: String, in table: String) throws(LinuxNetworkError) -> [String: Int?] {
        var found: [String: Int?] = [:]
        let subject = "members of \(set)"
        try socket.ask(
            Self.getElements, flags: NLM_F_ROOT | NLM_F_MATCH, within: .seconds(30), about: subject,
            { request in
                request.attribute(Self.listTable, Array(table.utf8) + [0])
                request.attribute(Self.listSet, Array(set.utf8) + [0])
            },
            take: { reply throws(LinuxNetworkError) in
                guard Self.take(reply.payload.dropFirst(4), into: &found) else { throw .malformedReply(subject) }
                return true
            })
        return found
    }

    /// False when it is not what a set of ours holds.
    private static func take(_ attributes: ArraySlice<UInt8>, into found: inout [String: Int?]) -> Bool {
        guard let list = attribute(listElements, of: attributes) else { return true }
        var rest = list
        while let (_, element) = rest.nextAttribute() {
            guard let start = attribute(key, of: element).flatMap({ attribute(dataValue, of: $0) }) else {
                return false
            }
            let end = attribute(keyEnd, of: element).flatMap { attribute(dataValue, of: $0) }
            guard let text = text(start, end) else { return false }
            // Milliseconds, in network order.
            let left = attribute(expiration, of: element)?.hostInteger(at: 0, as: UInt64.self)
            found.updateValue(left.map { Int(clamping: UInt64(bigEndian: $0) / 1000) }, forKey: text)
        }
        return rest.isEmpty
    }

    private static func text(_ start: ArraySlice<UInt8>, _ end: ArraySlice<UInt8>?) -> String? {
        let isConcatenated = start.count == 12 || start.count == 24
        guard let address = IPAddress(bytes: Array(start.dropLast(isConcatenated ? 8 : 0))) else { return nil }
        guard isConcatenated else { return address.description }
        let tail = start.suffix(8)
        guard let number = tail.first, let lower = port(tail) else { return nil }
        guard let end, let upper = port(end.suffix(8)), upper != lower else {
            return "\(address) . \(number) . \(lower)"
        }
        return "\(address) . \(number) . \(lower)-\(upper)"
    }

    private static func port(_ tail: ArraySlice<UInt8>) -> UInt16? {
        tail.hostInteger(at: 4, as: UInt16.self).map(UInt16.init(bigEndian:))
    }

    private static func attribute(_ type: UInt16, of list: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = list
        while let (found, value) = rest.nextAttribute() { if found == type { return value } }
        return nil
    }
}
