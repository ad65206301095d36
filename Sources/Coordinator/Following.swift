internal import Identity
internal import Logging
internal import Sessions
internal import Store
internal import Wire

/// How memory follows the store, and netmaps follow memory.
extension Coordinator {
    /// Follows the store's change log until the store closes or the task is cancelled.
    package func follow() async {
        let signals = await store.changeSignals()
        // What was written before we listened brings no signal.
        await catchUpOrLog()
        for await _ in signals where !takeInWhatIsKnown() { await catchUpOrLog() }
    }

    /// Most changes are our own, or begin the session of a device that has no node yet: those need no transaction. False
    /// when there are others.
    func takeInWhatIsKnown() -> Bool {
        guard let changes = store.recentChanges(after: appliedThrough) else { return false }
        var begun: [(id: SessionID, expiresAt: Int)] = []
        for change in changes {
            if let known = written[change.record.subject], change.record.sequence <= known { continue }
            guard let session = change.session, session.endedAt == nil, directory.node(device: session.device) == nil
            else { return false }
            begun.append((session.id, session.expiresAt))
        }
        for (id, expiresAt) in begun { sessionDeadlines.set(id, at: expiresAt) }
        appliedThrough = max(appliedThrough, changes.last?.record.sequence ?? 0)
        written = written.filter { $0.value > appliedThrough }
        return true
    }

    /// Takes in every change that is in the store now; the deltas are with the subscribers when it returns.
    package func catchUp() async throws(CoordinatorError) {
        var isFull = true
        while isFull {
            let (after, written) = (appliedThrough, written)
            let batch = try await read { try ChangeBatch(after: after, written: written, from: $0) }
            apply(batch)
            isFull = batch.isFull
        }
    }

    /// False when the store does not answer: then nothing is renewed, because nobody knows what was revoked.
    @discardableResult
    func catchUpOrLog() async -> Bool {
        do {
            try await catchUp()
            if isStoreFailing { logger.notice("the store answers again: authorizations are renewed again") }
            isStoreFailing = false
            return true
        } catch {
            if !isStoreFailing {
                logger.error(
                    "changes cannot be followed: no authorization is renewed until the store answers",
                    metadata: ["error": "\(error.explanation)"])
            }
            isStoreFailing = true
            return false
        }
    }

    private func apply(_ batch: ChangeBatch) {
        // Another reading that began later has been here already.
        guard batch.through > appliedThrough else { return }
        let now = clock()
        for (session, expiry) in batch.sessions { sessionDeadlines.set(session, at: expiry) }
        for (id, facts) in batch.nodes {
            if let facts { settle(facts, asOf: batch.asOf, now: now) } else { vanish(id) }
        }
        appliedThrough = batch.through
        written = written.filter { $0.value > batch.through }
        flush(now: now)
    }

    /// Takes facts of one node in: it is authorized, authorized differently, or withdrawn. `flush` sends what follows.
    func settle(_ facts: NodeFacts, asOf: Int, now: Int) {
        guard directory.set(facts, asOf: asOf) else { return }
        present(facts, now: now)
    }

    func present(_ facts: NodeFacts, now: Int) {
        let id = facts.record.id
        guard case .authorized(let until) = facts.standing(now: now), let session = facts.session?.id else {
            if case .signedOut(let reason) = facts.standing(now: now) { withdraw(id, reason: reason) }
            return
        }
        if let feed = feeds[id], feed.session != session { endFeed(id, reason: "replaced") }
        do {
            let isNew = mesh.nodes[id] == nil
            if let place = facts.record.place, let seenAt = facts.record.placeSeenAt {
                mesh.recall(id, Sighting(address: place, country: countries(place), at: seenAt))
            }
            try mesh.set(facts, now: now)
            unsigned.remove(id)
            if feeds[id] == nil {
                beginFeed(of: id, under: session)
            }
            nodeDeadlines.set(id, at: mesh.deadline(of: id, sessionEnd: until))
            if isNew { logger.log(level: isStarted ? .info : .debug, "node authorized", metadata: metadata(of: id)) }
        } catch {
            logger.error(
                "node withdrawn: it cannot be authorized anew",
                metadata: metadata(of: id).merging(["error": "\(error.explanation)"]) { first, _ in first })
            withdraw(id, reason: "signed-out")
            unsigned.insert(id)
        }
    }

    /// Nobody knows a position in it yet.
    private func beginFeed(of id: NodeID, under session: SessionID) {
        feeds[id] = Feed(
            session: session, netmap: NetmapFeed(epoch: newEpoch(), historyLimit: configuration.historyLimit))
        mesh.setFollowed(id, false)
    }

    /// The node disappears from every netmap, and its own stream ends with the reason.
    func withdraw(_ id: NodeID, reason: String) {
        unsigned.remove(id)
        nodeDeadlines.set(id, at: nil)
        endFeed(id, reason: reason)
        guard mesh.nodes[id] != nil else { return }
        logger.info("node withdrawn", metadata: metadata(of: id).merging(["reason": "\(reason)"]) { first, _ in first })
        mesh.remove(id)
    }

    /// An administrator deleted it.
    func vanish(_ id: NodeID) {
        withdraw(id, reason: "administrator")
        directory.remove(id)
        lastSeen[id] = nil
    }

    /// Sends what changed since the last time: one numbered delta to each netmap concerned.
    func flush(now: Int) {
        for (id, draft) in mesh.takeDrafts() {
            guard let node = mesh.nodes[id], let feed = feeds[id], feed.wasRead else { continue }
            if feed.mailbox == nil, feed.netmap.isFull {
                // Away for so long that it needs a snapshot anyway: what changes until then costs nothing.
                beginFeed(of: id, under: feed.session)
                continue
            }
            let delta = feeds[id]?.netmap.advance(
                own: draft.own ? node.authorization : nil, changed: mesh.documents(draft.changed),
                removed: draft.removed, policy: draft.policy ? node.policy : nil)
            if let delta { feeds[id]?.mailbox?.post(delta) }
        }
    }

    private func endFeed(_ id: NodeID, reason: String) {
        guard let feed = feeds.removeValue(forKey: id) else { return }
        if feed.mailbox != nil { lastSeen[id] = clock() }
        feed.mailbox?.finish(with: .ended(reason: reason))
        mesh.setFollowed(id, false)
        heartbeats.set(id, at: nil)
    }
}
