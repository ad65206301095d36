internal import Audit
internal import Identity
internal import Logging
internal import Sessions
internal import Store
internal import Synchronization

/// Reads the change log and records each session's end with its reason, whatever ended it: a time, a person, an
/// administrator, a directory or another process on the same store.
///
/// The place in the change log is kept with the records, so that no end is missed over a restart and none is told twice.
extension AuditLog {
    static var changePlace: String { "changes" }

    /// Until the task is cancelled or the store closes.
    package func followSessions() async {
        let signals = await store.changeSignals()
        // What was written before we listened brings no signal.
        await recordChangesOrLog()
        for await _ in signals { await recordChangesOrLog() }
    }

    /// Takes in what the change log holds by now. Changes that end no session cost one read: the place is stored with the
    /// next end, or once it has moved far.
    package func recordSessionEnds() async throws {
        let keeping = Keeping(self)
        var isFull = true
        while isFull {
            let known = changePosition.withLock { $0 }
            let (signer, places) = (signer, places)
            let found = try await store.read { try SessionEnds(after: known, from: $0, places: places) }
            if found.isForeign { noteForeignPlace(of: Self.changePlace) }
            isFull = found.isFull
            if !found.events.isEmpty || found.through - found.stored >= Self.batch || found.isForeign {
                let (isOurs, end) = try await store.write { records -> (Bool, AuditChain?) in
                    // Another replica may have been here.
                    let place = try ReadingPlace(of: Self.changePlace, from: records, known: places)
                    guard place.sequence ?? 0 == found.stored else { return (false, nil) }
                    let end = found.events.isEmpty ? nil : try keeping.append(found.events, to: records).chain
                    try records.setAuditPlace(of: Self.changePlace, to: found.through, signer: signer)
                    return (true, end)
                }
                if let end {
                    note(signed: end)
                    signal.send()
                }
                guard isOurs else {
                    changePosition.withLock { $0 = 0 }
                    isFull = true
                    continue
                }
            }
            changePosition.withLock { $0 = found.through }
        }
    }

    private func recordChangesOrLog() async {
        do { try await recordSessionEnds() } catch {
            logger.error(
                "ends of sessions could not be recorded yet",
                metadata: ["error": "\(Self.storeError(error).explanation)"])
        }
    }
}

/// The sessions that a stretch of the change log says have ended.
private struct SessionEnds: Sendable {
    var events: [AuditEvent] = []
    /// How far the log was read, and how far it is stored that it was.
    var through: Int
    var stored: Int
    var isFull: Bool
    /// The stored place was not ours: everything is read again.
    var isForeign: Bool

    init(after known: Int, from records: any StoreReader, places: VerifiedPlaces) throws {
        let place = try ReadingPlace(of: AuditLog.changePlace, from: records, known: places)
        let stored = place.sequence ?? 0
        isForeign = place.isForeign
        let changes = try records.changes(after: max(known, stored), limit: AuditLog.batch)
        self.stored = stored
        through = changes.last?.sequence ?? max(known, stored)
        isFull = changes.count == AuditLog.batch
        var seen: Set<SessionID> = []
        for change in changes {
            guard case .session(let id) = change.subject, let session = try records.session(id),
                let endedAt = session.endedAt, change.at == endedAt, seen.insert(id).inserted
            else { continue }
            events.append(try Self.end(of: session, at: endedAt, from: records))
        }
    }

    private static func end(of session: Session, at endedAt: Int, from records: any StoreReader) throws -> AuditEvent {
        let person = try records.person(session.person)
        let node = try records.node(device: session.device)
        return AuditEvent(
            .signIn, "session-ended", .success, at: endedAt,
            actor: .person(session.person, label: person?.label),
            provider: session.provider.text, session: session.id.text, device: session.device.thumbprint,
            host: node?.host.text, reason: session.end?.rawValue)
    }
}
