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
        let invocations = desktop.invocations(
            title: "A second factor is needed", text: notice.message + " " + notice.remedy, own: geteuid(),
            find: Self.program, group: Self.group)
        for invocation in invocations { invocation.run() }
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
