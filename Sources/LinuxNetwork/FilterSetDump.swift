internal import CLinux
internal import Glibc
internal import NetworkAddresses

//  key of a set of ours: address (4 or 16) [· protocol u8, padded to 4 · port u16 BE, padded to 4]

/// The members of a set as the kernel has them, by netlink: a tenth of what nft's own listing takes for many.
///
/// Acts in the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h, NFT_MSG_GETSETELEM.
struct FilterSetDump: ~Copyable {
    // The header has no module.
    private static let getElements: Int32 = 13
    private static let inet: UInt32 = 1
    private static let (listTable, listSet, listElements): (UInt16, UInt16, UInt16) = (1, 2, 3)
    private static let (key, expiration, keyEnd, dataValue): (UInt16, UInt16, UInt16, UInt16) = (1, 5, 10, 1)

    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    init() throws(LinuxNetworkError) {
        socket = try FileDescriptor(
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_NETFILTER),
            from: "socket")
    }

    /// By key, as `FilterElements` writes it; the value is the whole seconds that remain, nil for a member without timeout.
    mutating func members(of set: String, in table: String) throws(LinuxNetworkError) -> [String: Int?] {
        sequence &+= 1
        var request = NetlinkRequest(
            type: Int32(NFNL_SUBSYS_NFTABLES) << 8 | Self.getElements, flags: NLM_F_ROOT | NLM_F_MATCH,
            sequence: sequence)
        // struct nfgenmsg: family, version, resource.
        request.append(Self.inet)
        request.attribute(Self.listTable, Array(table.utf8) + [0])
        request.attribute(Self.listSet, Array(set.utf8) + [0])
        let bytes = request.finished
        let sent = bytes.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw .system(call: "send", errno: Errno.last) }
        let deadline = Deadline(after: .seconds(30))
        var found: [String: Int?] = [:]
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            try deadline.wait(for: socket.number, events: POLLIN, doing: "members of \(set)")
            let count = buffer.withUnsafeMutableBytes {
                recv(socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 else { throw .system(call: "recv", errno: Errno.last) }
            guard let replies = NetlinkReply.split(Array(buffer.prefix(count))) else {
                throw .malformedReply("members of \(set)")
            }
            for reply in replies where reply.sequence == sequence {
                if reply.type == UInt16(NLMSG_DONE) { return found }
                if reply.type == UInt16(NLMSG_ERROR) {
                    let code = reply.payload.hostInteger(at: 0, as: Int32.self) ?? 0
                    throw .netlink(request: "members of \(set)", errno: 0 &- code)
                }
                guard Self.take(reply.payload.dropFirst(4), into: &found) else {
                    throw .malformedReply("members of \(set)")
                }
            }
        }
    }

    /// False when it is not what a set of ours holds.
    private static func take(_ attributes: ArraySlice<UInt8>, into found: inout [String: Int?]) -> Bool {
        guard let list = attribute(listElements, of: attributes) else { return true }
        var rest = list
        while let (_, element) = next(&rest) {
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
        while let (found, value) = next(&rest) { if found == type { return value } }
        return nil
    }

    /// The next attribute; nil at the end, or where a length contradicts the bytes.
    private static func next(_ rest: inout ArraySlice<UInt8>) -> (UInt16, ArraySlice<UInt8>)? {
        guard let length = rest.hostInteger(at: 0, as: UInt16.self), length >= 4, Int(length) <= rest.count,
            let type = rest.hostInteger(at: 2, as: UInt16.self)
        else { return nil }
        let value = rest.prefix(Int(length)).dropFirst(4)
        rest = rest.dropFirst((Int(length) + 3) & ~3)
        return (type & 0x3FFF, value)
    }
}
