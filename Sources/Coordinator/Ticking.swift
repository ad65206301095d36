internal import Identity
internal import Logging
internal import Sessions
internal import Store
internal import Wire

/// What time brings about: sessions end, authorizations are renewed, streams show that they live.
extension Coordinator {
    /// Sessions ended in one transaction.
    private static var expiryBatch: Int { 256 }
    /// Seconds until something that failed is tried again.
    private static var retryDelay: Int { 5 }

    /// Does what is due. Call it each second; it costs what is due and one look at the change log.
    package func tick(now: Int) async {
        let isCurrent = await catchUpOrLog()
        await expireSessions(now: now)
        let due = nodeDeadlines.takeDue(at: now)
        let seen = seeConnected(due, now: now)
        for id in due { renewOrWithdraw(id, isCurrent: isCurrent, now: now) }
        if isCurrent {
            for id in unsigned { if let facts = directory.node(id) { present(facts, now: now) } }
        }
        flush(now: now)
        // A clock that was set back would make them wait for as long, and agents take us for gone.
        for id in heartbeats.takeDue(at: now < tickedAt ? .max : now) { beat(id, now: now) }
        tickedAt = now
        await remember(seen, now: now)
    }

    private func expireSessions(now: Int) async {
        let due = sessionDeadlines.takeDue(at: now)
        for start in stride(from: 0, to: due.count, by: Self.expiryBatch) {
            let batch = Array(due[start..<min(start + Self.expiryBatch, due.count)])
            do {
                try await write { transaction in
                    for id in batch {
                        guard var session = try transaction.session(id), session.endedAt == nil,
                            session.expiresAt <= now
                        else { continue }
                        session.end(.expired, now: now)
                        try transaction.save(session)
                        try transaction.appendChange(.session(id), at: now)
                    }
                }
            } catch {
                // Their nodes are withdrawn by their own deadlines all the same.
                logger.error(
                    "expired sessions could not be ended in the store",
                    metadata: ["sessions": "\(batch.count)", "error": "\(error.explanation)"])
                for id in batch { sessionDeadlines.set(id, at: now + Self.retryDelay) }
            }
        }
        if !due.isEmpty { await catchUpOrLog() }
    }

    private func renewOrWithdraw(_ id: NodeID, isCurrent: Bool, now: Int) {
        guard let facts = directory.node(id) else { return }
        switch facts.standing(now: now) {
        case .absent: break
        case .signedOut(let reason): withdraw(id, reason: reason)
        case .authorized(let until):
            guard isCurrent else {
                nodeDeadlines.set(id, at: now + Self.retryDelay)
                return
            }
            do {
                try mesh.renew(id, sessionEnd: until, now: now)
                nodeDeadlines.set(id, at: mesh.deadline(of: id, sessionEnd: until))
            } catch {
                // What was signed before is still true; it runs out by itself.
                logger.error(
                    "authorization not renewed",
                    metadata: metadata(of: id).merging(["error": "\(error.explanation)"]) { first, _ in first })
                nodeDeadlines.set(id, at: now + Self.retryDelay)
            }
        }
    }

    private func beat(_ id: NodeID, now: Int) {
        guard let feed = feeds[id], let mailbox = feed.mailbox, !mailbox.isFinished else { return }
        // A reader with messages waiting needs no sign of life.
        if mailbox.isEmpty { mailbox.post(.heartbeat(sequence: feed.netmap.sequence, time: now)) }
        heartbeats.set(id, at: now + NetmapMessage.heartbeatSeconds)
    }
}
