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
        guard mkdir(directory, 0o700) == 0, mkdir(directory + "/logs", 0o700) == 0 else {
            throw DemoFailure("\(directory) cannot be made: \(SystemError.last)")
        }
        programs = ChildPrograms(logs: directory + "/logs")
        network = withTunnel ? Network(process: process, ip: tools.ip, programs: programs) : nil
    }

    /// Removes what a demo that was killed could not: its namespaces and its directory. Its children ended with it.
    static func removeLeftovers(programs: ChildPrograms, ip: String) async {
        func isLeftover(_ name: String, _ prefix: String) -> Bool {
            guard name.hasPrefix(prefix),
                let process = pid_t(name.dropFirst(prefix.count).prefix { $0.isNumber }), process != getpid()
            else { return false }
            return kill(process, 0) != 0 && errno == ESRCH
        }
        for name in NetworkNamespace.names where isLeftover(name, Network.namePrefix) {
            _ = try? await programs.run([ip, "netns", "delete", name])
        }
        for name in Directory.entries(of: "/tmp") where isLeftover("/tmp/" + name, directoryPrefix) {
            Directory.remove("/tmp/" + name)
        }
    }
}
