import AccessPolicy
import Audit
import Coordinator
import Glibc
import Identity
import Logging
import ServerConfiguration

/// The policy file, read again when it changes. A wrong one is reported with every error, and the old one stays.
actor PolicyReloading {
    private struct Stamp: Equatable {
        var modified: Int
        var nanoseconds: Int
        var size: Int
        var inode: UInt
    }

    private let path: String
    private let coordinator: Coordinator
    private let audit: any AuditSink
    private let logger: Logger
    private var stamp: Stamp?
    /// Of the policy in force.
    private var tagOwners: [TagName: [Selector]]

    init(
        path: String, tagOwners: [TagName: [Selector]], coordinator: Coordinator, audit: any AuditSink, logger: Logger
    ) {
        self.path = path
        self.tagOwners = tagOwners
        self.coordinator = coordinator
        self.audit = audit
        self.logger = logger
        stamp = Self.stamp(of: path)
    }

    /// Who may give that tag beside the administrators.
    func owners(of tag: TagName) -> [Selector] { tagOwners[tag] ?? [] }

    func reloadIfChanged() async {
        let current = Self.stamp(of: path)
        guard current != stamp else { return }
        stamp = current
        await reload()
    }

    /// Nil when the new policy is in force, else everything that is wrong with it.
    @discardableResult
    func reload() async -> String? {
        switch PolicyFile.load(path: path, files: .ofSystem(), now: Int(time(nil))) {
        case .success(let document):
            let policy = document.policy
            await coordinator.setPolicy(policy)
            tagOwners = document.tagOwners
            audit.record(
                AuditEvent(
                    .administration, "policy-in-force", .success, at: Int(time(nil)), actor: .server,
                    subject: AuditSubject(.policy, id: policy.revision), revision: policy.revision))
            logger.notice(
                "policy in force", metadata: ["revision": "\(policy.revision)", "rules": "\(policy.rules.count)"])
            return nil
        case .failure(let invalid):
            audit.record(
                AuditEvent(
                    .administration, "policy-in-force", .refused, at: Int(time(nil)), actor: .server,
                    reason: invalid.description))
            logger.error("the new policy is wrong, the old one stays in force\n\(invalid.description)")
            return invalid.description
        }
    }

    private static func stamp(of path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            modified: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, size: Int(status.st_size),
            inode: UInt(status.st_ino))
    }
}
