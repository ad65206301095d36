package import Identity
internal import Logging
package import NetworkAddresses
internal import Sessions
internal import Store
internal import Wire

/// Streams of netmap messages.
extension Coordinator {
    /// Opens the netmap stream of the session's node: what `position` has missed, where that is still known, else a
    /// snapshot; then each change. Ends another stream of the same node. `address` is where the device asks from, as in
    /// `contact`.
    /// Errors: `notRegistered`, `sessionEnded`, `personInactive`, `store`, `unknownSession`.
    package func netmap(
        session: SessionID, resume position: NetmapPosition? = nil, from address: IPAddress? = nil
    ) async throws(CoordinatorError) -> NetmapSubscription {
        if node(of: session) == nil {
            try await catchUp()
            if node(of: session) == nil { throw try await refusal(of: session) }
        }
        if let address { await contact(session: session, from: address) }
        guard let id = node(of: session), let feed = feeds[id] else { throw .notRegistered }
        feed.mailbox?.finish()
        let now = clock()
        let mailbox = Mailbox(limit: configuration.subscriberLimit)
        guard let netmap = feeds[id]?.netmap else { throw .signing("see the log") }
        if let missed = netmap.missed(since: position) {
            for message in missed { mailbox.post(message) }
            if missed.isEmpty { mailbox.post(.heartbeat(sequence: netmap.sequence, time: now)) }
        } else if let snapshot = snapshot(of: id) {
            mailbox.post(snapshot)
        }
        feeds[id]?.mailbox = mailbox
        feeds[id]?.wasRead = true
        feeds[id]?.address = address
        mesh.setFollowed(id, true)
        lastSeen[id] = now
        heartbeats.set(id, at: now + NetmapMessage.heartbeatSeconds)
        logger.debug("netmap stream opened", metadata: metadata(of: id))
        return NetmapSubscription(
            mailbox: mailbox, snapshot: { [weak self] in await self?.restart(id, mailbox) },
            left: { [weak self] in await self?.leave(id, mailbox) })
    }

    /// The authorized node of a session.
    func node(of session: SessionID) -> NodeID? {
        guard let id = directory.node(session: session)?.record.id, feeds[id]?.session == session else { return nil }
        return id
    }

    private func refusal(of id: SessionID) async throws(CoordinatorError) -> CoordinatorError {
        let now = clock()
        let (session, person) = try await read { reader in
            let session = try reader.session(id)
            return (session, try session.flatMap { try reader.person($0.person) })
        }
        guard let session else { return .unknownSession }
        guard session.isActive(at: now) else { return .sessionEnded }
        return person?.isActive == true ? .notRegistered : .personInactive
    }

    private func snapshot(of id: NodeID) -> NetmapMessage? {
        guard let feed = feeds[id] else { return nil }
        return mesh.snapshot(of: id, epoch: feed.netmap.epoch, sequence: feed.netmap.sequence)
    }

    /// The snapshot for a subscriber that lagged behind; whatever is posted after it follows it.
    private func restart(_ id: NodeID, _ mailbox: Mailbox) -> NetmapMessage? {
        guard feeds[id]?.mailbox === mailbox, let snapshot = snapshot(of: id) else {
            mailbox.finish()
            return nil
        }
        mailbox.restart()
        return snapshot
    }

    private func leave(_ id: NodeID, _ mailbox: Mailbox) {
        mailbox.finish()
        guard feeds[id]?.mailbox === mailbox else { return }
        feeds[id]?.mailbox = nil
        heartbeats.set(id, at: nil)
        lastSeen[id] = clock()
        logger.debug("netmap stream closed", metadata: metadata(of: id))
    }
}
