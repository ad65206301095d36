internal import Glibc

/// What a data path needs of the machine, checked before anything is started, so that refusals are clear.
package enum Privileges {
    package static var isRoot: Bool { geteuid() == 0 }

    package static var hasTUN: Bool { (try? requireTUN()) != nil }

    package static func require() throws(LinuxNetworkError) {
        guard isRoot else { throw .notRoot }
        try requireTUN()
    }

    private static func requireTUN() throws(LinuxNetworkError) {
        let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .noTUN(errno: Errno.last) }
        close(descriptor)
    }
}
