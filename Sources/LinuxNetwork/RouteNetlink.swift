internal import CLinux
internal import Glibc
package import NetworkAddresses

/// The kernel's interfaces, addresses and routes, over rtnetlink.
///
/// Acts in the network namespace of the thread that creates it. Each request waits five seconds at most.
/// Source: RFC 3549 §3; rtnetlink(7).
package actor RouteNetlink {
    private let executor = BlockingExecutor(label: "ztna.rtnetlink")
    private let socket: FileDescriptor
    private var sequence: UInt32 = 0

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(LinuxNetworkError) {
        socket = try FileDescriptor(
            Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_ROUTE),
            from: "socket")
    }

    /// The kernel's number of an interface; nil when there is none of that name.
    package func index(of name: InterfaceName) throws(LinuxNetworkError) -> UInt32? {
        do { return try link(name) } catch .netlink(_, ENODEV) { return nil }
    }

    /// Sets the MTU in bytes and brings the interface up.
    package func bringUp(_ name: InterfaceName, mtu: UInt32) throws(LinuxNetworkError) {
        let index = try required(name)
        // Before it is up, so that its first flow has it. Without, everything works as well, only slower.
        var sizing = interfaceRequest(RTM_NEWLINK, index: index, flags: 0)
        sizing.attribute(IFLA_GSO_MAX_SIZE, Self.largestRun(mtu: mtu))
        try? command(sizing, "size link \(name)")
        var request = interfaceRequest(RTM_NEWLINK, index: index, flags: UInt32(IFF_UP))
        request.attribute(IFLA_MTU, mtu)
        try command(request, "set link \(name)")
    }

    /// So many bytes of a flow the kernel hands to the engine in one piece that the engine can hand them back in one, sealed:
    /// what fits one UDP datagram of many segments. By default, 64 KiB, a few segments are left over each time, and cost
    /// a system call and each hook once more. Source: udp(7), `UDP_SEGMENT`; WireGuard, "Packet format of data": 32 bytes more each.
    static func largestRun(mtu: UInt32) -> UInt32 {
        let (largestDatagram, sealing, headers): (UInt32, UInt32, UInt32) = (65_507, 32, 60)
        let segments = largestDatagram / (max(mtu, 576) &+ sealing)
        return max(segments * (max(mtu, 576) - headers), 576)
    }

    /// Deletes an interface; one that is not there is no error.
    package func remove(_ name: InterfaceName) throws(LinuxNetworkError) {
        guard let index = try index(of: name) else { return }
        do { try command(interfaceRequest(RTM_DELLINK, index: index, flags: 0), "delete link \(name)") } catch .netlink(
            _, ENODEV)
        {}
    }

    /// Gives the interface an address whose subnet has `length` bits; adding it twice is no error.
    package func addAddress(_ address: IPAddress, length: Int, to name: InterfaceName) throws(LinuxNetworkError) {
        let request = try addressRequest(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address, length, name)
        try command(request, "add address \(address)")
    }

    /// Takes an address away; one that is not there is no error.
    package func removeAddress(_ address: IPAddress, length: Int, from name: InterfaceName) throws(LinuxNetworkError) {
        do {
            try command(addressRequest(RTM_DELADDR, 0, address, length, name), "delete address \(address)")
        } catch .netlink(_, EADDRNOTAVAIL) {}
    }

    /// Routes a prefix into the interface, in the main table, with an optional preferred source address.
    package func addRoute(_ prefix: IPPrefix, through name: InterfaceName, source: IPAddress? = nil)
        throws(LinuxNetworkError)
    {
        var request = try routeRequest(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, prefix, name)
        if let source { request.attribute(RTA_PREFSRC.rawValue, source.bytes) }
        try command(request, "add route \(prefix)")
    }

    /// Removes a route; one that is not there is no error.
    package func removeRoute(_ prefix: IPPrefix, through name: InterfaceName) throws(LinuxNetworkError) {
        do { try command(routeRequest(RTM_DELROUTE, 0, prefix, name), "delete route \(prefix)") } catch .netlink(
            _, ESRCH)
        {}
    }

    /// The prefixes that we, or an agent before us, have routed into the interface: by protocol `static`, in the main table.
    package func routes(through name: InterfaceName) throws(LinuxNetworkError) -> [IPPrefix] {
        let interface = try required(name)
        var request = message(RTM_GETROUTE, NLM_F_DUMP)
        request.append(bytes: [UInt8](repeating: 0, count: 12))
        return try exchange(request, "list routes").compactMap { reply in
            guard reply.type == UInt16(RTM_NEWROUTE), let length = reply.payload.hostInteger(at: 1, as: UInt8.self),
                reply.payload.hostInteger(at: 4, as: UInt8.self) == UInt8(RT_TABLE_MAIN.rawValue),
                reply.payload.hostInteger(at: 5, as: UInt8.self) == UInt8(RTPROT_STATIC),
                let attributes = reply.attributes(after: 12),
                attributes[UInt16(RTA_OIF.rawValue)]?.hostInteger(at: 0, as: UInt32.self) == interface,
                let bytes = attributes[UInt16(RTA_DST.rawValue)], let address = IPAddress(bytes: Array(bytes))
            else { return nil }
            return IPPrefix(address, length: Int(length))
        }
    }

    /// Every unicast address of this machine, with its interface: loopback, link-local and overlay included.
    package func addresses() throws(LinuxNetworkError) -> [InterfaceAddress] {
        var list = message(RTM_GETLINK, NLM_F_DUMP)
        list.append(bytes: [UInt8](repeating: 0, count: 16))
        var names: [UInt32: String] = [:]
        for reply in try exchange(list, "list links") where reply.type == UInt16(RTM_NEWLINK) {
            if let link = LinkReply(reply) { names[link.index] = link.name }
        }
        var request = message(RTM_GETADDR, NLM_F_DUMP)
        request.append(bytes: [UInt8](repeating: 0, count: 8))
        return try exchange(request, "list addresses").compactMap { reply in
            guard reply.type == UInt16(RTM_NEWADDR) else { return nil }
            return InterfaceAddress(reply, names: names)
        }
    }

    private func required(_ name: InterfaceName) throws(LinuxNetworkError) -> UInt32 {
        guard let index = try index(of: name) else { throw .noSuchInterface(name.text) }
        return index
    }

    private func link(_ name: InterfaceName) throws(LinuxNetworkError) -> UInt32 {
        var request = interfaceRequest(RTM_GETLINK, index: 0, flags: 0)
        request.attribute(IFLA_IFNAME, Array(name.text.utf8) + [0])
        for reply in try exchange(request, "get link \(name)") where reply.type == UInt16(RTM_NEWLINK) {
            if let link = LinkReply(reply), link.name == name.text { return link.index }
        }
        throw .malformedReply("get link \(name)")
    }

    private func message(_ type: Int, _ flags: Int32) -> NetlinkRequest {
        sequence &+= 1
        return NetlinkRequest(type: type, flags: flags, sequence: sequence)
    }

    /// struct ifinfomsg: family, padding, type, index, flags, change mask.
    private func interfaceRequest(_ type: Int, index: UInt32, flags: UInt32) -> NetlinkRequest {
        var request = message(type, NLM_F_ACK)
        request.append(UInt32(0))
        request.append(index)
        request.append(flags)
        request.append(flags)
        return request
    }

    /// struct ifaddrmsg: family, prefix length, flags, scope, index.
    private func addressRequest(
        _ type: Int, _ flags: Int32, _ address: IPAddress, _ length: Int, _ name: InterfaceName
    ) throws(LinuxNetworkError) -> NetlinkRequest {
        var request = message(type, flags | NLM_F_ACK)
        request.append(bytes: [address.family, UInt8(clamping: length), UInt8(IFA_F_NODAD), 0])
        request.append(try required(name))
        request.attribute(IFA_LOCAL, address.bytes)
        request.attribute(IFA_ADDRESS, address.bytes)
        return request
    }

    /// struct rtmsg: family, destination length, source length, tos, table, protocol, scope, type, flags.
    private func routeRequest(_ type: Int, _ flags: Int32, _ prefix: IPPrefix, _ name: InterfaceName)
        throws(LinuxNetworkError) -> NetlinkRequest
    {
        var request = message(type, flags | NLM_F_ACK)
        let scope = prefix.address.isV4 ? RT_SCOPE_LINK.rawValue : RT_SCOPE_UNIVERSE.rawValue
        request.append(bytes: [
            prefix.address.family, UInt8(clamping: prefix.length), 0, 0, UInt8(RT_TABLE_MAIN.rawValue),
            UInt8(RTPROT_STATIC), UInt8(scope), UInt8(RTN_UNICAST),
        ])
        request.append(UInt32(0))
        request.attribute(RTA_DST.rawValue, prefix.address.bytes)
        request.attribute(RTA_OIF.rawValue, try required(name))
        return request
    }

    private func command(_ request: NetlinkRequest, _ what: String) throws(LinuxNetworkError) {
        _ = try exchange(request, what)
    }

    /// Sends a request and gathers its replies, until the acknowledgement or the end of the dump.
    private func exchange(_ request: NetlinkRequest, _ what: String) throws(LinuxNetworkError) -> [NetlinkReply] {
        let bytes = request.finished
        let sent = bytes.withUnsafeBytes { send(socket.number, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw .system(call: "send", errno: Errno.last) }
        let deadline = Deadline(after: .seconds(5))
        var gathered: [NetlinkReply] = []
        while true {
            try deadline.wait(for: socket.number, events: POLLIN, doing: "netlink \(what)")
            guard let replies = NetlinkReply.split(try receive()) else { throw .malformedReply("netlink \(what)") }
            for reply in replies where reply.sequence == request.sequence {
                if reply.type == UInt16(NLMSG_DONE) { return gathered }
                if reply.type == UInt16(NLMSG_ERROR) {
                    guard let code = reply.payload.hostInteger(at: 0, as: Int32.self) else {
                        throw .malformedReply("netlink \(what)")
                    }
                    guard code == 0 else { throw .netlink(request: what, errno: 0 &- code) }
                    return gathered
                }
                gathered.append(reply)
            }
        }
    }

    private func receive() throws(LinuxNetworkError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = buffer.withUnsafeMutableBytes { recv(socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT)) }
        guard count >= 0 else { throw .system(call: "recv", errno: Errno.last) }
        return Array(buffer.prefix(count))
    }
}

/// One unicast address that an interface of this machine holds.
package struct InterfaceAddress: Hashable, Sendable {
    package let address: IPAddress
    /// The subnet's length in bits.
    package let length: Int
    package let interface: String
}

extension InterfaceAddress {
    init?(_ reply: NetlinkReply, names: [UInt32: String]) {
        guard let length = reply.payload.hostInteger(at: 1, as: UInt8.self),
            let index = reply.payload.hostInteger(at: 4, as: UInt32.self), let interface = names[index],
            let attributes = reply.attributes(after: 8),
            let bytes = attributes[UInt16(IFA_LOCAL)] ?? attributes[UInt16(IFA_ADDRESS)],
            let address = IPAddress(bytes: Array(bytes))
        else { return nil }
        self.init(address: address, length: Int(length), interface: interface)
    }
}

private struct LinkReply {
    let index: UInt32
    let name: String

    init?(_ reply: NetlinkReply) {
        guard let index = reply.payload.hostInteger(at: 4, as: UInt32.self),
            let bytes = reply.attributes(after: 16)?[UInt16(IFLA_IFNAME)]
        else { return nil }
        self.index = index
        name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension IPAddress {
    fileprivate var family: UInt8 { UInt8(isV4 ? AF_INET : AF_INET6) }
}
