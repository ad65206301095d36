import Glibc

/// A named network namespace, as `ip netns` keeps them.
struct NetworkNamespace: Hashable, Sendable {
    static let directory = "/run/netns"

    let name: String

    var path: String { Self.directory + "/" + name }

    /// Moves the calling thread in, for good.
    func enter() throws {
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        let newNetwork: Int32 = 0x4000_0000
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // setns(2) is in every glibc, but hidden by its Swift module map.
        guard descriptor >= 0, let symbol = dlsym(nil, "setns"),
            unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, newNetwork) == 0
        else { throw DemoFailure("the network namespace \(name) cannot be entered: \(SystemError.last)") }
    }

    /// Every process inside, whoever started it: an engine outlives an agent that is killed.
    var processes: [pid_t] {
        var own = stat()
        guard stat(path, &own) == 0 else { return [] }
        return Directory.entries(of: "/proc").compactMap { pid_t($0) }.filter { process in
            var other = stat()
            return stat("/proc/\(process)/ns/net", &other) == 0 && other.st_dev == own.st_dev
                && other.st_ino == own.st_ino
        }
    }

    /// All that exist on this machine.
    static var names: Set<String> { Set(Directory.entries(of: directory)) }
}

enum SystemError {
    static var last: String { String(cString: strerror(errno)) }
}
