import Glibc

/// Where one run of the demo happens: its directory, its children, and in root mode its network.
///
/// Everything carries the process's number, so that runs do not meet; what a killed run left is removed by the next.
struct Place: Sendable {
    let process: pid_t
    let directory: String
    let programs: ChildPrograms
    /// Nil: everything on loopback, and no tunnel.
    let network: Network?

    static let directoryPrefix = "/tmp/ztna-demo-"

    init(tools: Tools, withTunnel: Bool) throws {
        process = getpid()
        directory = Self.directoryPrefix + String(process)
        // Mode 0700: in /tmp, a name of somebody else's is never taken over.
        if Self.isOwn(directory) { Directory.remove(directory) }
        guard mkdir(directory, 0o700) == 0, mkdir(directory + "/logs", 0o700) == 0 else {
            throw DemoFailure("\(directory) cannot be made: \(SystemError.last)")
        }
        programs = ChildPrograms(logs: directory + "/logs")
        network = withTunnel ? Network(process: process, ip: tools.ip, programs: programs) : nil
    }

    /// Removes what a demo that was killed could not: its namespaces, its directory, and the engine of an agent that it had
    /// killed itself. Its children ended with it.
    func removeLeftovers(ip: String) async {
        func process(in name: String, after prefix: String) -> pid_t? {
            name.hasPrefix(prefix) ? pid_t(name.dropFirst(prefix.count).prefix { $0.isNumber }) : nil
        }
        if network != nil {
            for name in NetworkNamespace.names {
                guard let owner = process(in: name, after: Network.namePrefix) else { continue }
                // Under this process's number nothing has been made yet.
                if owner == self.process || Self.isDead(owner) {
                    for left in NetworkNamespace(name: name).processes { kill(left, SIGKILL) }
                    _ = try? await programs.run([ip, "netns", "delete", name])
                }
            }
        }
        if network != nil {
            for name in Directory.entries(of: Network.engineSockets) {
                guard let owner = process(in: name, after: Network.interfacePrefix), Self.isDead(owner) else {
                    continue
                }
                unlink("\(Network.engineSockets)/\(name)")
            }
        }
        for path in Directory.entries(of: "/tmp").map({ "/tmp/" + $0 }) {
            guard let owner = process(in: path, after: Self.directoryPrefix), Self.isDead(owner) else { continue }
            if Self.isOwn(path) { Directory.remove(path) }
        }
    }

    private static func isDead(_ process: pid_t) -> Bool { kill(process, 0) != 0 && errno == ESRCH }

    /// A directory that only this user can have changed.
    private static func isOwn(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid == geteuid() && status.st_mode == S_IFDIR | 0o700
    }
}
