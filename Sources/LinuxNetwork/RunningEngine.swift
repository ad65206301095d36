internal import CLinux
internal import Glibc

/// An engine that runs on an interface of this network namespace, held by a descriptor so that its number stays its own.
struct RunningEngine: ~Copyable, Sendable {
    /// Who answers for it.
    enum Owner: Equatable {
        /// An agent that lives.
        case agent(pid_t)
        /// An agent started it, and is no more.
        case nobody
        /// It was not started by an agent of this user.
        case stranger
    }

    /// An engine has the number of the agent that started it in its environment, which only its user and root can set. When
    /// that agent ends, the kernel gives the engine another parent.
    static let ownerVariable = "ZTNA_AGENT"

    let process: pid_t
    let owner: Owner
    let handle: FileDescriptor

    /// Nil when no process has this number, or one with another command line, in another namespace, or of another user:
    /// anybody can give a program of theirs an engine's name.
    private static func held(_ process: pid_t, on interface: InterfaceName, in namespace: String) -> RunningEngine? {
        // First the descriptor: what is read afterwards is about this process, if that still lives at the end.
        guard let handle = try? FileDescriptor(ztna_pidfd_open(process), from: "pidfd_open"),
            isEngine(ProcessTable.commandLine(of: process), on: interface),
            ProcessTable.owner(of: process) == geteuid(), ProcessTable.networkNamespace(of: process) == namespace
        else { return nil }
        let owner = owner(of: process)
        guard ztna_pidfd_send_signal(handle.number, 0) == 0 else { return nil }
        return RunningEngine(process: process, owner: owner, handle: handle)
    }

    /// Hands each on, in the network namespace of the calling thread; the numbers of those for which `body` is true.
    static func all(on interface: InterfaceName, in namespace: String?, _ body: (borrowing RunningEngine) -> Bool)
        -> [pid_t]
    {
        guard let namespace else { return [] }
        return ProcessTable.all.filter { process in
            guard let engine = held(process, on: interface, in: namespace) else { return false }
            return body(engine)
        }
    }

    /// An interface in this network namespace, other than that one, on which an agent of this user has started an engine; the agent
    /// need not live.
    static func interface(otherThan interface: InterfaceName, in namespace: String?) -> InterfaceName? {
        guard let namespace else { return nil }
        for process in ProcessTable.all {
            guard let name = ProcessTable.commandLine(of: process).last.flatMap({ InterfaceName($0) }),
                name != interface, let engine = held(process, on: name, in: namespace), engine.owner != .stranger
            else { continue }
            return name
        }
        return nil
    }

    /// The one on this interface; nil when there is none.
    static func first(on interface: InterfaceName) -> RunningEngine? {
        guard let namespace = ProcessTable.ownNetworkNamespace else { return nil }
        for process in ProcessTable.all {
            if let engine = held(process, on: interface, in: namespace) { return engine }
        }
        return nil
    }

    /// Holds the engine with this number, in the network namespace of the calling thread; nil when there is none.
    static func descriptor(of process: pid_t, on interface: InterfaceName) -> Int32? {
        guard let namespace = ProcessTable.ownNetworkNamespace,
            let engine = held(process, on: interface, in: namespace)
        else { return nil }
        let number = fcntl(engine.handle.number, F_DUPFD_CLOEXEC, 0)
        return number >= 0 ? number : nil
    }

    /// Asks it to end, then kills it; returns when it is gone, after four seconds at most.
    borrowing func end() {
        for signal in [SIGTERM, SIGKILL] {
            ztna_pidfd_send_signal(handle.number, signal)
            let wait = Deadline(after: .seconds(2))
            if (try? wait.wait(for: handle.number, events: POLLIN, doing: "end of \(process)")) != nil { return }
        }
    }

    /// `wireguard-go -f NAME`, with any directory.
    static func isEngine(_ words: [String], on interface: InterfaceName) -> Bool {
        words.count == 3 && words[0].split(separator: "/").last == "wireguard-go" && words[1] == "-f"
            && words[2] == interface.text
    }

    private static func owner(of process: pid_t) -> Owner {
        let prefix = ownerVariable + "="
        guard ProcessTable.owner(of: process) == geteuid(),
            let mark = ProcessTable.environment(of: process).first(where: { $0.hasPrefix(prefix) }),
            let agent = pid_t(mark.dropFirst(prefix.count))
        else { return .stranger }
        return ProcessTable.parent(of: process) == agent ? .agent(agent) : .nobody
    }
}
