internal import CLinux
internal import Glibc

/// Asks for the number of the kernel's rule sets, which grows with every transaction of anybody on any table.
///
/// Costs one message each way, so that a table that somebody else has changed is noticed within a second. Acts in the
/// network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h, NFT_MSG_GETGEN.
struct RuleSetGeneration: ~Copyable {
    /// NFT_MSG_GETGEN and NFTA_GEN_ID, whose header has no module.
    private static var getGeneration: Int32 { 16 }
    private static var generationID: UInt16 { 1 }

    private let socket: FileDescriptor

    init() throws(LinuxNetworkError) {
        socket = try FileDescriptor(
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_NETFILTER),
            from: "socket")
    }

    func current() throws(LinuxNetworkError) -> UInt32 {
        let type = Int32(NFNL_SUBSYS_NFTABLES) << 8 | Self.getGeneration
        var request = NetlinkRequest(type: type, flags: 0, sequence: 1)
        // struct nfgenmsg: family, version, resource.
        request.append(UInt32(0))
        let bytes = request.finished
        let sent = bytes.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw .system(call: "send", errno: Errno.last) }
        try Deadline(after: .seconds(5)).wait(for: socket.number, events: POLLIN, doing: "rule set generation")
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            recv(socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        guard count >= 0 else { throw .system(call: "recv", errno: Errno.last) }
        guard let reply = NetlinkReply.split(Array(buffer.prefix(count)))?.first,
            let number = reply.attributes(after: 4)?[Self.generationID]?
                .hostInteger(at: 0, as: UInt32.self)
        else { throw .malformedReply("rule set generation") }
        return UInt32(bigEndian: number)
    }
}
