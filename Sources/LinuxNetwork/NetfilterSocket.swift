internal import CLinux
internal import Glibc

/// Asks nftables one question at a time, each with its deadline.
///
/// Acts in the network namespace of the thread that creates it. Source: linux/netfilter/nf_tables.h, whose header has no module.
struct NetfilterSocket: ~Copyable {
    private let socket: FileDescriptor
    private var sequence: UInt32 = 0
    private let largestReply: Int

    /// NFPROTO_UNSPEC and NFPROTO_INET, as struct nfgenmsg (family, version, resource) begins with them.
    static let (anyFamily, inet): (UInt32, UInt32) = (0, 1)

    /// `largestReply` is in bytes of one datagram.
    init(largestReply: Int) throws(LinuxNetworkError) {
        socket = try FileDescriptor(
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_NETFILTER),
            from: "socket")
        self.largestReply = largestReply
    }

    /// `fill` adds the question's attributes, `take` gets what follows struct nfgenmsg of each part of the answer and says
    /// whether there is more. Errors: `netlink` with the kernel's, `timedOut`, `malformedReply`, `system`.
    mutating func ask(
        _ message: Int32, flags: Int32 = 0, family: UInt32 = inet, within limit: Duration, about subject: String,
        _ fill: (inout NetlinkRequest) -> Void, take: (NetlinkReply) throws(LinuxNetworkError) -> Bool
    ) throws(LinuxNetworkError) {
        sequence &+= 1
        var request = NetlinkRequest(
            type: Int32(NFNL_SUBSYS_NFTABLES) << 8 | message, flags: flags, sequence: sequence)
        request.append(family)
        fill(&request)
        let bytes = request.finished
        let sent = bytes.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw .system(call: "send", errno: Errno.last) }
        let deadline = Deadline(after: limit)
        var buffer = [UInt8](repeating: 0, count: largestReply)
        while true {
            try deadline.wait(for: socket.number, events: POLLIN, doing: subject)
            let count = buffer.withUnsafeMutableBytes {
                recv(socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            guard count >= 0 else { throw .system(call: "recv", errno: Errno.last) }
            guard let replies = NetlinkReply.split(Array(buffer.prefix(count))) else { throw .malformedReply(subject) }
            // An answer that came too late for its own question is of another number.
            for reply in replies where reply.sequence == sequence {
                if reply.type == UInt16(NLMSG_DONE) { return }
                if reply.type == UInt16(NLMSG_ERROR) {
                    let code = reply.payload.hostInteger(at: 0, as: Int32.self) ?? 0
                    throw .netlink(request: subject, errno: 0 &- code)
                }
                guard try take(reply) else { return }
            }
        }
    }
}
