internal import CLinux
internal import Glibc

/// Asks the kernel about its rule sets: one message each way, so that it may be asked every second.
///
/// nft keeps what it has once listed for as long as nobody changes a rule, and so tells old figures of a counter. Acts in
/// the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h, whose header has no module.
struct RuleSetQueries: ~Copyable {
    /// NFT_MSG_GETTABLE; NFTA_TABLE_NAME, _HANDLE.
    private static let (getTable, tableName, tableHandle): (Int32, UInt16, UInt16) = (1, 1, 4)
    /// NFT_MSG_GETGEN and NFTA_GEN_ID.
    private static let (getGeneration, generationID): (Int32, UInt16) = (16, 1)
    /// NFT_MSG_GETOBJ, NFT_OBJECT_COUNTER; NFTA_OBJ_TABLE, _NAME, _TYPE, _DATA; NFTA_COUNTER_PACKETS.
    private static let (getObject, counter): (Int32, UInt32) = (19, 1)
    private static let (table, name, type, data): (UInt16, UInt16, UInt16, UInt16) = (1, 2, 3, 4)
    private static let packets: UInt16 = 2
    /// NFPROTO_UNSPEC and NFPROTO_INET, as struct nfgenmsg (family, version, resource) begins with them.
    private static let (anyFamily, inet): (UInt32, UInt32) = (0, 1)

    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    init() throws(LinuxNetworkError) {
        socket = try FileDescriptor(
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_NETFILTER),
            from: "socket")
    }

    /// The number of all rule sets, which grows with every transaction of anybody on any table.
    mutating func generation() throws(LinuxNetworkError) -> UInt32 {
        let subject = "rule set generation"
        let reply = try answer(to: Self.getGeneration, family: Self.anyFamily, about: subject) { _ in }
        guard let number = reply.attributes(after: 4)?[Self.generationID]?.hostInteger(at: 0, as: UInt32.self) else {
            throw .malformedReply(subject)
        }
        return UInt32(bigEndian: number)
    }

    /// A table's own number, which no other gets while the machine runs. Errors: `netlink` with ENOENT without one.
    mutating func handle(of table: String) throws(LinuxNetworkError) -> UInt64 {
        let subject = "table \(table)"
        let reply = try answer(to: Self.getTable, family: Self.inet, about: subject) { request in
            request.attribute(Self.tableName, Array(table.utf8) + [0])
        }
        guard let handle = reply.attributes(after: 4)?[Self.tableHandle]?.hostInteger(at: 0, as: UInt64.self) else {
            throw .malformedReply(subject)
        }
        return UInt64(bigEndian: handle)
    }

    /// What a named counter of ours has counted since its table was made. Errors: `netlink` with ENOENT without one.
    mutating func packets(countedBy counter: String, in table: String) throws(LinuxNetworkError) -> Int {
        let subject = "counter \(counter)"
        let reply = try answer(to: Self.getObject, family: Self.inet, about: subject) { request in
            request.attribute(Self.table, Array(table.utf8) + [0])
            request.attribute(Self.name, Array(counter.utf8) + [0])
            request.attribute(Self.type, Self.counter.bigEndian)
        }
        guard let data = reply.attributes(after: 4)?[Self.data],
            let packets = NetlinkReply(type: 0, sequence: 0, payload: data).attributes(after: 0)?[Self.packets]?
                .hostInteger(at: 0, as: UInt64.self)
        else { throw .malformedReply(subject) }
        return Int(clamping: UInt64(bigEndian: packets))
    }

    private mutating func answer(
        to message: Int32, family: UInt32, about subject: String, _ fill: (inout NetlinkRequest) -> Void
    ) throws(LinuxNetworkError) -> NetlinkReply {
        sequence &+= 1
        var request = NetlinkRequest(type: Int32(NFNL_SUBSYS_NFTABLES) << 8 | message, flags: 0, sequence: sequence)
        request.append(family)
        fill(&request)
        let bytes = request.finished
        let sent = bytes.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw .system(call: "send", errno: Errno.last) }
        let deadline = Deadline(after: .seconds(5))
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            try deadline.wait(for: socket.number, events: POLLIN, doing: subject)
            let count = buffer.withUnsafeMutableBytes {
                recv(socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 else { throw .system(call: "recv", errno: Errno.last) }
            guard let replies = NetlinkReply.split(Array(buffer.prefix(count))) else { throw .malformedReply(subject) }
            // An answer that came too late for its own question is of another number.
            guard let reply = replies.first(where: { $0.sequence == sequence }) else { continue }
            if reply.type == UInt16(NLMSG_ERROR) {
                let code = reply.payload.hostInteger(at: 0, as: Int32.self) ?? 0
                throw .netlink(request: subject, errno: 0 &- code)
            }
            return reply
        }
    }
}
