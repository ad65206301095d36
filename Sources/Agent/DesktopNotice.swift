package import DetachedPrograms
internal import Glibc

/// A notice on the desktop of somebody who may use this agent: `notify-send`, run as that person where they have a session
/// bus, with no shell, a fixed environment, and one at a time. Source: notify-send(1), setpriv(1); D-Bus Specification §
/// "Well-known Message Bus Instances".
package struct DesktopNotice: Sendable {
    /// Root and the system's own users have no desktop.
    static let firstPerson: UInt32 = 1000

    private let operators: Set<UInt32>
    private let runtimeDirectory: String

    /// `runtimeDirectory`: where `UID/bus` is.
    package init(to operators: Set<UInt32>, runtimeDirectory: String = "/run/user") {
        self.operators = operators
        self.runtimeDirectory = runtimeDirectory
    }

    /// One for each operator with a session bus of their own. `find`: the path of a program, nil when there is none;
    /// `own`: the user that we are; `group`: a user's own group.
    package func programs(
        title: String, text: String, own: UInt32, find: (String) -> String?, group: (UInt32) -> UInt32?
    ) -> [DetachedProgram] {
        guard let notify = find("notify-send") else { return [] }
        return operators.sorted().filter { $0 >= Self.firstPerson }.prefix(8).compactMap { user in
            guard let bus = bus(of: user) else { return nil }
            let words = [
                notify, "--app-name=ztna", "--urgency=normal", "--expire-time=20000", "--",
                OperatorTerminals.printable(title), OperatorTerminals.printable(text),
            ]
            let environment = ["DBUS_SESSION_BUS_ADDRESS=unix:path=\(bus)", "PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
            if user == own { return DetachedProgram(words: words, environment: environment) }
            // Another's bus talks with its owner only: so as that person, with none of our groups and privileges.
            guard own == 0, let setpriv = find("setpriv"), let group = group(user) else { return nil }
            return DetachedProgram(
                words: [
                    setpriv, "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--no-new-privs",
                    "--inh-caps=-all", "--",
                ] + words, environment: environment)
        }
    }

    /// A socket that belongs to them, in a directory that belongs to them.
    private func bus(of user: UInt32) -> String? {
        let folder = "\(runtimeDirectory)/\(user)"
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == user,
            lstat(folder + "/bus", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == user
        else { return nil }
        return folder + "/bus"
    }
}
