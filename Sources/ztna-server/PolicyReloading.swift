import AccessPolicy
import Audit
import Coordinator
import Cryptography
import Glibc
import Identity
import Logging
import ServerConfiguration
import Store

/// The policy in force: the policy file, and behind its rules the access that administrators gave for a time.
///
/// The file is read again when it changes, and once a day, since what is known of time zones ends. A wrong one is reported
/// with every error, and the old one stays. Every file that was in force is kept in the store.
actor PolicyReloading {
    private struct Stamp: Equatable {
        var modified: Int
        var nanoseconds: Int
        var size: Int
        var inode: UInt
    }

    /// What keeps a policy from being put in force, in words.
    struct Refusal: Error {
        let explanation: String
        /// While it was looked at, another one came into force.
        var isOvertaken = false
    }

    let path: String
    let coordinator: Coordinator
    let store: any Store
    let administrators: WorkingAdministrators
    /// Whether anything tells the country of an address.
    let tellsCountries: Bool
    let clock: @Sendable () -> Int
    let randomness: Randomness
    let audit: any AuditSink
    let logger: Logger
    private(set) var document: PolicyDocument
    /// Open ones, the oldest first.
    var grants: [TemporaryGrant] = []
    /// Of the file as it was last read or written.
    private var stamp: Stamp?
    private var readAt: Int
    /// How many policies have been put in force.
    private(set) var turn = 0
    /// Files are put in force and into the history one after the other, and so is what grants add to them.
    private let files = InTurn()
    private let effects = InTurn()

    init(
        path: String, document: PolicyDocument, coordinator: Coordinator, store: any Store,
        administrators: WorkingAdministrators, tellsCountries: Bool, clock: @escaping @Sendable () -> Int,
        randomness: Randomness,
        audit: any AuditSink, logger: Logger
    ) {
        self.path = path
        self.document = document
        self.coordinator = coordinator
        self.store = store
        self.administrators = administrators
        self.tellsCountries = tellsCountries
        self.clock = clock
        self.randomness = randomness
        self.audit = audit
        self.logger = logger
        stamp = Self.stamp(of: path)
        readAt = clock()
        warnOfCountries(document)
    }

    /// Without a database of places nobody is in any country.
    private nonisolated func warnOfCountries(_ document: PolicyDocument) {
        let rules = document.policy.rulesAskingCountries
        guard !tellsCountries, !rules.isEmpty else { return }
        let lines = document.askingCountriesInVain(.warning).prefix(5).map { String($0.line) }
        logger.warning(
            "policy: rules ask for countries, and nothing tells them: name a database in ztna.yaml, places: { database: FILE }",
            metadata: [
                "rules": "\(rules.prefix(5).map(\.text).joined(separator: " "))",
                "lines": "\(lines.joined(separator: " "))",
            ])
    }

    /// What this person may give to nodes and take from them, beside the administrators.
    func tags(ownedBy person: Principal) -> Set<TagName> {
        Set(document.tagOwners.filter { $0.value.contains { $0.matches(person) } }.keys)
    }

    /// Once, when the coordinator has started: grants that are still open join the file's rules, and the file is recorded.
    func start() async {
        do {
            let now = clock()
            grants = try await store.read { try $0.temporaryGrants(openAt: now) }
            try await record(document, by: "file", note: nil)
        } catch { logger.error("the policy's records could not be read", metadata: ["reason": "\(Self.words(error))"]) }
        if !grants.isEmpty { await putInForce() }
    }

    /// Call it each second.
    func reloadIfChanged() async {
        let now = clock()
        if Self.stamp(of: path) != stamp {
            await reload()
        } else if now - readAt >= 86_400 || now < readAt {
            await reload()
        }
        let open = grants.filter { $0.isOpen(at: now) }
        if open.count != grants.count {
            logger.notice("access for a time is over", metadata: ["grants": "\(grants.count - open.count)"])
            grants = open
            await putInForce()
        }
    }

    /// Nil when the file is in force, else everything that is wrong with it.
    @discardableResult
    func reload() async -> String? {
        readAt = clock()
        // Without the store there is nobody to warn of.
        let known = try? await directory().known
        // Before it is read: what changes meanwhile is read the next time.
        stamp = Self.stamp(of: path)
        let turn = turn
        switch PolicyFile.load(path: path, files: .ofSystem(), now: readAt, known: known) {
        case .success(let document):
            do {
                try await put(document, by: "file", note: nil, instead: turn)
                return nil
            } catch let refusal as Refusal where refusal.isOvertaken {
                // Which of the two the file holds, the file knows.
                stamp = nil
                return "another policy came into force meanwhile: the file is read once more"
            } catch {
                tellRefusal(Self.words(error))
                logger.error(
                    "the new policy is refused, the old one stays in force",
                    metadata: ["reason": "\(Self.words(error))"])
                return Self.words(error)
            }
        case .failure(let invalid):
            tellRefusal(invalid.description)
            logger.error(
                "the new policy is wrong, the old one stays in force",
                metadata: ["file": "\(path)", "errors": "\(invalid.diagnostics.count)"])
            for wrong in invalid.diagnostics.prefix(20) { logger.error("policy: \(wrong.summary)") }
            return invalid.description
        }
    }

    /// Puts it in force, unless nobody would be left to administer, or another one has come into force since it was the
    /// `turn` that is given. `writing` the file happens between the decision and its effect.
    func put(
        _ document: PolicyDocument, by: String, note: String?, instead turn: Int,
        writing: (() throws(Refusal) -> Void)? = nil
    ) async throws {
        await files.take()
        defer { files.leave() }
        try await administrators.requireSome(
            under: document.policy.localGroups, instead: self.document.policy.localGroups, in: store)
        guard turn == self.turn else {
            throw Refusal(
                explanation: "the policy has changed meanwhile: look at the difference again", isOvertaken: true)
        }
        if let writing {
            try writing()
            stamp = Self.stamp(of: path)
        }
        self.turn += 1
        let isOther = document.policy.revision != self.document.policy.revision
        self.document = document
        await putInForce()
        let policy = document.policy
        audit.record(
            AuditEvent(
                .administration, "policy-in-force", .success, at: clock(), actor: .server,
                subject: AuditSubject(.policy, id: policy.revision), reason: "by \(by)", revision: policy.revision))
        logger.notice(
            "policy in force",
            metadata: ["revision": "\(policy.revision)", "rules": "\(policy.rules.count)", "by": "\(by)"])
        if isOther {
            for warning in document.warnings {
                logger.warning("policy: \(warning.message)", metadata: ["line": "\(warning.line)"])
            }
            warnOfCountries(document)
        }
        do { try await record(document, by: by, note: note) } catch {
            logger.error("the policy is in force, and not in its history", metadata: ["reason": "\(Self.words(error))"])
        }
    }

    private func tellRefusal(_ reason: String) {
        audit.record(
            AuditEvent(
                .administration, "policy-in-force", .refused, at: clock(), actor: .server, reason: reason))
    }

    /// Each waits for the one before, and then brings what is to be in force by then.
    func putInForce() async {
        await effects.take()
        defer { effects.leave() }
        await coordinator.setPolicy(document.policy(adding: grants.compactMap(\.rule)))
    }

    /// A file that is in force already is no new revision.
    private func record(_ document: PolicyDocument, by: String, note: String?) async throws {
        let record = PolicyRevisionRecord(
            revision: document.policy.revision, text: document.bytes, at: clock(), by: by, note: note)
        try await store.write { transaction in
            guard try transaction.policyRevisions(last: 1).first?.revision != record.revision else { return }
            try transaction.append(record, keeping: .standard)
        }
    }

    static func words(_ error: any Error) -> String {
        switch error {
        case let error as Refusal: error.explanation
        case let error as StoreError: error.explanation
        default: "\(error)"
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
