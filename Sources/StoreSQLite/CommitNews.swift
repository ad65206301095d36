internal import Identity
internal import Sessions
internal import Store

/// What a transaction did that memory beside the file goes by.
struct TransactionChanges {
    var signIns = SignInChanges()
    /// What the change log has grown by.
    var log: [ChangeRecord] = []
    /// As last saved.
    var sessions: [SessionID: Session] = [:]
}

/// Who is told of each commit, in the order of commits and before its callers are.
final class CommitNews: Sendable {
    /// Nil for a database in memory, as `recent`: what tests read there has been through its row.
    let signIns: DecodedSignIns?
    let recent: RecentChanges?
    let signals = ChangeSignals()

    init(isInMemory: Bool) {
        signIns = isInMemory ? nil : DecodedSignIns()
        recent = isInMemory ? nil : RecentChanges()
    }

    func tell(_ changes: TransactionChanges) {
        signIns?.commit(changes.signIns)
        guard !changes.log.isEmpty else { return }
        recent?.append(
            changes.log.map { record in
                guard case .session(let id) = record.subject else { return .init(record, session: nil) }
                return .init(record, session: changes.sessions[id])
            })
        signals.send()
    }
}
