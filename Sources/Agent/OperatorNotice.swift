internal import DetachedPrograms
internal import Glibc

/// Brings notices to the people of this machine: their terminals, and their desktops. Of those who may use the agent only.
package struct OperatorNotice: Sendable {
    private let terminals: OperatorTerminals
    private let desktop: DesktopNotice

    package init(to operators: Set<UInt32>) {
        terminals = OperatorTerminals(of: operators)
        desktop = DesktopNotice(to: operators)
    }

    package func deliver(_ notice: StepUpNotice) {
        terminals.write(["ztna: " + notice.message, "ztna: " + notice.remedy])
        let programs = desktop.programs(
            title: "A second factor is needed", text: notice.message + " " + notice.remedy, own: geteuid(),
            find: Self.program, group: Self.group)
        // One that hangs, as a desktop may, is not kept for ever.
        for program in programs { program.start(killingAfter: 10) }
    }

    /// Of the system's own folders only: what the agent runs as root is not up to any environment.
    private static func program(_ name: String) -> String? {
        ["/usr/bin/", "/bin/"].map { $0 + name }.first { access($0, X_OK) == 0 }
    }

    private static func group(of user: UInt32) -> UInt32? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.pw_gid
    }
}
