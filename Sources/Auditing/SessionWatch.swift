internal import Audit
internal import Identity
internal import Logging
internal import Sessions
internal import Store

/// Reads the change log and records each session's end with its reason, whatever ended it: a time, a person, an
/// administrator, a directory or another process on the same store.
///
/// The place in the change log is kept with the records, so that no end is missed over a restart and none is told twice.
extension AuditLog {
    static var changeCursor: String { "changes" }

    /// Until the task is cancelled or the store closes.
    package func followSessions() async {
        let signals = await store.changeSignals()
        // What was written before we listened brings no signal.
        await recordChangesOrLog()
        for await _ in signals { await recordChangesOrLog() }
    }

    /// Takes in what the change log holds by now.
    package func recordSessionEnds() async throws {
        let keeping = Keeping(self)
        var isFull = true
        while isFull {
            let (events, full) = try await store.write { records -> ([AuditEvent], Bool) in
                guard let after = try records.auditCursor(of: Self.changeCursor) else {
                    // The first start: what happened before is not known to be complete.
                    try records.setAuditCursor(of: Self.changeCursor, to: try records.lastChangeSequence())
                    return ([], false)
                }
                let changes = try records.changes(after: after, limit: Self.batch)
                guard let last = changes.last else { return ([], false) }
                var seen: Set<SessionID> = []
                var events: [AuditEvent] = []
                for change in changes {
                    guard case .session(let id) = change.subject, let session = try records.session(id),
                        let endedAt = session.endedAt, change.at == endedAt, seen.insert(id).inserted
                    else { continue }
                    events.append(try Self.end(of: session, at: endedAt, from: records))
                }
                if !events.isEmpty { try keeping.append(events, to: records) }
                try records.setAuditCursor(of: Self.changeCursor, to: last.sequence)
                return (events, changes.count == Self.batch)
            }
            if !events.isEmpty { signal.raise() }
            isFull = full
        }
    }

    private func recordChangesOrLog() async {
        do { try await recordSessionEnds() } catch {
            logger.error(
                "ends of sessions could not be recorded yet",
                metadata: ["error": "\(Self.storeError(error).explanation)"])
        }
    }

    private static func end(of session: Session, at endedAt: Int, from records: any StoreReader) throws -> AuditEvent {
        let person = try records.person(session.person)
        let node = try records.node(device: session.device)
        return AuditEvent(
            .signIn, "session-ended", .success, at: endedAt,
            actor: .person(session.person, label: person.map { $0.email?.text ?? $0.displayName }),
            provider: session.provider.text, session: session.id.text, device: session.device.thumbprint,
            host: node?.host.text, reason: session.end?.rawValue)
    }
}
