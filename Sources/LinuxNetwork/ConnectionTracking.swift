internal import CLinux
internal import Glibc
package import NetworkAddresses

/// The kernel's connection tracking table, over libnetfilter_conntrack.
///
/// Acts in the network namespace of the thread that creates it.
package actor ConnectionTracking {
    private let executor = BlockingExecutor(label: "ztna.conntrack")
    private let dumping: Handle
    private let deleting: Handle

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(LinuxNetworkError) {
        dumping = try Handle()
        deleting = try Handle()
    }

    /// Deletes every entry one of whose ends, in either direction, is one of `addresses`; gives how many there were.
    ///
    /// Meant for peers that are gone. Where a peer merely loses a grant, leave its entries: the filter looks every packet
    /// up, and an entry is what tells a running inbound flow from one of our own.
    package func deleteEntries(of addresses: Set<IPAddress>) throws(LinuxNetworkError) -> Int {
        var count = 0
        for family in [AF_INET, AF_INET6] where addresses.contains(where: { $0.isV4 == (family == AF_INET) }) {
            let found = Matches(addresses)
            defer { found.entries.forEach(nfct_destroy) }
            try dumping.dump(family, into: found)
            for entry in found.entries where try deleting.delete(entry) { count += 1 }
        }
        return count
    }
}

private struct Handle: ~Copyable {
    private let handle: OpaquePointer

    init() throws(LinuxNetworkError) {
        guard let handle = nfct_open(UInt8(NFNL_SUBSYS_CTNETLINK), 0) else {
            throw .system(call: "nfct_open", errno: Errno.last)
        }
        self.handle = handle
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(nfct_fd(handle), SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    borrowing func dump(_ family: Int32, into matches: Matches) throws(LinuxNetworkError) {
        let context = Unmanaged.passUnretained(matches).toOpaque()
        nfct_callback_register(handle, NFCT_T_ALL, { _, entry, context in collect(entry, into: context) }, context)
        defer { nfct_callback_unregister(handle) }
        var family = UInt32(family)
        guard nfct_query(handle, NFCT_Q_DUMP, &family) == 0 else {
            throw .system(call: "conntrack dump", errno: Errno.last)
        }
    }

    /// False when the entry was gone already.
    borrowing func delete(_ entry: OpaquePointer) throws(LinuxNetworkError) -> Bool {
        guard nfct_query(handle, NFCT_Q_DESTROY, UnsafeRawPointer(entry)) != 0 else { return true }
        guard Errno.last == ENOENT else { throw .system(call: "conntrack delete", errno: Errno.last) }
        return false
    }

    deinit { nfct_close(handle) }
}

/// Clones of the entries that a dump shows for some addresses; whoever made it destroys them.
private final class Matches {
    private let addresses: Set<IPAddress>
    private(set) var entries: [OpaquePointer] = []

    init(_ addresses: Set<IPAddress>) { self.addresses = addresses }

    func consider(_ entry: OpaquePointer) {
        let ends: [(nf_conntrack_attr, Int)] = [
            (ATTR_ORIG_IPV4_SRC, 4), (ATTR_ORIG_IPV4_DST, 4), (ATTR_REPL_IPV4_SRC, 4), (ATTR_REPL_IPV4_DST, 4),
            (ATTR_ORIG_IPV6_SRC, 16), (ATTR_ORIG_IPV6_DST, 16), (ATTR_REPL_IPV6_SRC, 16), (ATTR_REPL_IPV6_DST, 16),
        ]
        let isOurs = ends.contains { attribute, width in
            guard nfct_attr_is_set(entry, attribute) > 0, let bytes = nfct_get_attr(entry, attribute) else {
                return false
            }
            let address = IPAddress(bytes: Array(UnsafeRawBufferPointer(start: bytes, count: width)))
            return address.map(addresses.contains) ?? false
        }
        if isOurs, let copy = nfct_clone(entry) { entries.append(copy) }
    }
}

private func collect(_ entry: OpaquePointer?, into context: UnsafeMutableRawPointer?) -> Int32 {
    if let entry, let context { Unmanaged<Matches>.fromOpaque(context).takeUnretainedValue().consider(entry) }
    return Int32(NFCT_CB_CONTINUE)
}
