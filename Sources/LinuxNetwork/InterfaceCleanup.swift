internal import CLinux
internal import Glibc

/// Removes what a killed agent left behind: its engine, its interface, the engine's socket and our tables.
///
/// Acts in the network namespace of the thread that creates it, and only on an engine of that namespace.
package actor InterfaceCleanup {
    private let executor = BlockingExecutor(label: "ztna.cleanup")
    private let routes: RouteNetlink
    private let filter: PacketFilter
    private let namespace: String?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(LinuxNetworkError) {
        routes = try RouteNetlink()
        filter = try PacketFilter()
        namespace = Self.target(of: "/proc/thread-self/ns/net")
    }

    /// Takes four seconds an engine at most. Returns what was found and removed, for people to read.
    package func run(interface: InterfaceName) async throws -> [String] {
        var removed = killEngines(of: interface).map { "engine \($0)" }
        if try await routes.index(of: interface) != nil {
            try await routes.remove(interface)
            removed.append("interface \(interface)")
        }
        let socket = WireGuardDevice.socketPath(of: interface)
        let hadSocket = access(socket, F_OK) == 0
        WireGuardProcess.removeStaleSocket(of: interface)
        if hadSocket, access(socket, F_OK) != 0 { removed.append("socket \(socket)") }
        try await filter.removeTable()
        return removed
    }

    /// Ends every process whose command line is exactly an engine's on this interface, in this network namespace.
    private func killEngines(of interface: InterfaceName) -> [pid_t] {
        guard let namespace else { return [] }
        return Self.processes().filter { process in
            guard Self.isEngine(Self.commandLine(of: process), on: interface),
                Self.target(of: "/proc/\(process)/ns/net") == namespace
            else { return false }
            // The number may be another process's by now: hold on to this one, then look again.
            guard let handle = try? FileDescriptor(ztna_pidfd_open(process), from: "pidfd_open"),
                Self.isEngine(Self.commandLine(of: process), on: interface)
            else { return false }
            for signal in [SIGTERM, SIGKILL] {
                ztna_pidfd_send_signal(handle.number, signal)
                let wait = Deadline(after: .seconds(2))
                if (try? wait.wait(for: handle.number, events: POLLIN, doing: "end of \(process)")) != nil { break }
            }
            return true
        }
    }

    /// `wireguard-go -f NAME`, with any directory.
    static func isEngine(_ words: [String], on interface: InterfaceName) -> Bool {
        words.count == 3 && words[0].split(separator: "/").last == "wireguard-go" && words[1] == "-f"
            && words[2] == interface.text
    }

    private static func processes() -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let process = pid_t(name) { found.append(process) }
        }
        return found
    }

    private static func commandLine(of process: pid_t) -> [String] {
        let descriptor = open("/proc/\(process)/cmdline", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return [] }
        return buffer.prefix(count).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { space in
            space.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(link, $0, text.count) } ?? -1
            }
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
