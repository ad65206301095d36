/// Asks the kernel about its rule sets: one message each way, so that it may be asked every second.
///
/// nft keeps what it has once listed for as long as nobody changes a rule, and so tells old figures of a counter. Acts in
/// the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h.
struct RuleSetQueries: ~Copyable {
    /// NFT_MSG_GETTABLE; NFTA_TABLE_NAME, _HANDLE.
    private static let (getTable, tableName, tableHandle): (Int32, UInt16, UInt16) = (1, 1, 4)
    /// NFT_MSG_GETGEN and NFTA_GEN_ID.
    private static let (getGeneration, generationID): (Int32, UInt16) = (16, 1)
    /// NFT_MSG_GETOBJ, NFT_OBJECT_COUNTER; NFTA_OBJ_TABLE, _NAME, _TYPE, _DATA; NFTA_COUNTER_PACKETS.
    private static let (getObject, counter): (Int32, UInt32) = (19, 1)
    private static let (table, name, type, data): (UInt16, UInt16, UInt16, UInt16) = (1, 2, 3, 4)
    private static let packets: UInt16 = 2

    private var socket: NetfilterSocket

    init() throws(LinuxNetworkError) { socket = try NetfilterSocket(largestReply: 4096) }

    /// The number of all rule sets, which grows with every transaction of anybody on any table.
    mutating func generation() throws(LinuxNetworkError) -> UInt32 {
        let subject = "rule set generation"
        let reply = try answer(to: Self.getGeneration, family: NetfilterSocket.anyFamily, about: subject) { _ in }
        guard let number = reply.attributes(after: 4)?[Self.generationID]?.hostInteger(at: 0, as: UInt32.self) else {
            throw .malformedReply(subject)
        }
        return UInt32(bigEndian: number)
    }

    /// A table's own number, which no other gets while the machine runs. Errors: `netlink` with ENOENT without one.
    mutating func handle(of table: String) throws(LinuxNetworkError) -> UInt64 {
        let subject = "table \(table)"
        let reply = try answer(to: Self.getTable, about: subject) { request in
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
        let reply = try answer(to: Self.getObject, about: subject) { request in
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

    /// The one message that answers.
    private mutating func answer(
        to message: Int32, family: UInt32 = NetfilterSocket.inet, about subject: String,
        _ fill: (inout NetlinkRequest) -> Void
    ) throws(LinuxNetworkError) -> NetlinkReply {
        var answer: NetlinkReply?
        try socket.ask(message, family: family, within: .seconds(5), about: subject, fill) { reply in
            answer = reply
            return false
        }
        guard let answer else { throw .malformedReply(subject) }
        return answer
    }
}
