/// What the kernel, a library or the WireGuard engine refused.
package enum LinuxNetworkError: Error, Hashable, Sendable {
    /// A system call failed; `errno` as the kernel gave it.
    case system(call: String, errno: Int32)
    /// A netlink request was refused; `errno` as the kernel gave it.
    case netlink(request: String, errno: Int32)
    /// A reply that its own lengths contradict, or that never says what was asked.
    case malformedReply(String)
    case noSuchInterface(String)
    case timedOut(String)
    /// nft refused a script; its own words.
    case filter(String)
    /// The engine answered a configuration with this errno.
    case engineRefused(errno: Int32)
    case engineNotFound(path: String)
    /// Another process than the engine listens there.
    case notTheEngine(path: String)
    /// The engine ended before or while it was needed; the last lines of its log.
    case engineDied(log: [String])
    /// The tunnel's guard ended before it was needed; the last lines it printed.
    case guardDied(log: [String])
    /// Another agent's engine serves the interface, or with `agent` nil one that no agent has started.
    case interfaceInUse(interface: String, engine: Int32, agent: Int32?)
    /// Engines of ours run on another interface than the one to be cleaned up; what was removed there all the same.
    case otherInterface(String, removed: [String])
    case notRoot
    case noTUN(errno: Int32)
}

extension LinuxNetworkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let call, let code): "\(call): \(Errno.text(code))"
        case .netlink(let request, let code): "netlink \(request): \(Errno.text(code))"
        case .malformedReply(let what): "malformed reply: \(what)"
        case .noSuchInterface(let name): "there is no interface \(name)"
        case .timedOut(let what): "no answer in time: \(what)"
        case .filter(let message): "nftables: \(message)"
        case .engineRefused(let code): "the WireGuard engine refused its configuration: \(Errno.text(code))"
        case .engineNotFound(let path):
            "the WireGuard engine \(path) is not installed; on Debian and Ubuntu: apt install wireguard-go"
        case .notTheEngine(let path): "another process than the WireGuard engine listens at \(path)"
        case .engineDied(let log): "the WireGuard engine ended: \(log.suffix(3).joined(separator: " | "))"
        case .guardDied(let log): "the tunnel's guard ended: \(log.suffix(3).joined(separator: " | "))"
        case .interfaceInUse(let name, let engine, let agent?):
            "the interface \(name) is in use: the agent with process \(agent) runs its engine, process \(engine)"
        case .interfaceInUse(let name, let engine, nil):
            "the interface \(name) is in use: no agent has started its engine, process \(engine); "
                + "`ztna-agent cleanup --interface \(name)` ends it"
        case .otherInterface(let name, let removed):
            (removed.isEmpty ? "" : "removed \(removed.joined(separator: ", ")); ")
                + "the packet filter stays, as a WireGuard engine of ztna runs on \(name): "
                + "stop its agent, or `ztna-agent cleanup --interface \(name)`"
        case .notRoot: "this needs root (CAP_NET_ADMIN): run it as a service, or with sudo"
        case .noTUN(let code):
            "/dev/net/tun cannot be opened (\(Errno.text(code))): load the module `tun`, or give the container the device"
        }
    }
}
