package import Identity
internal import Logging
package import NetworkAddresses
internal import Store

/// Where devices are: seen anew with whatever they ask of the server, and while their stream is open.
extension Coordinator {
    /// The session's device asks for something from there. When it has moved and a rule asks where it is, its peers are told
    /// at once. One that is in no netmap is nowhere.
    package func contact(session: SessionID, from address: IPAddress) async {
        guard let id = node(of: session) else { return }
        await remember([id: address], now: clock())
        guard node(of: session) == id else { return }
        locate(id, at: address, now: clock())
    }

    /// Looks up again in which countries the devices are: another database is in use.
    package func relocate() {
        let now = clock()
        for (id, sighting) in mesh.allSightings { locate(id, sighting.address, seenAt: sighting.at, now: now) }
        flush(now: now)
    }

    /// Before authorizations are renewed: who has an open stream is where that comes from. The addresses.
    func seeConnected(_ ids: [NodeID], now: Int) -> [NodeID: IPAddress] {
        var seen: [NodeID: IPAddress] = [:]
        for id in ids {
            guard let feed = feeds[id], let address = feed.address, feed.mailbox?.isFinished == false else { continue }
            mesh.seeAgain(id, at: address, countries(address), now: now)
            seen[id] = address
        }
        return seen
    }

    /// Keeps for the next start where devices are, and only while a rule asks: until they are back, their peers go by that.
    func remember(_ seen: [NodeID: IPAddress], now: Int) async {
        let due = seen.filter { isToBeKept($0.key, at: $0.value, now: now) }
        guard !due.isEmpty else { return }
        let asked = Set(due.keys.filter(mesh.asksPlace))
        do throws(CoordinatorError) {
            let (all, asOf) = try await write { transaction in
                let all = try due.compactMap { id, address -> NodeFacts? in
                    guard var node = try transaction.node(id) else { return nil }
                    node.place = asked.contains(id) ? address : nil
                    node.placeSeenAt = asked.contains(id) ? now : nil
                    try transaction.save(node)
                    return try NodeFacts(reading: node, from: transaction)
                }
                return (all, try transaction.lastChangeSequence())
            }
            for facts in all { settle(facts, asOf: asOf, now: clock()) }
        } catch {
            logger.warning(
                "places of devices were not kept",
                metadata: ["devices": "\(due.count)", "error": "\(error.explanation)"])
        }
    }

    /// Not each time: a place that stays the same is written again when a quarter of its life is over.
    private func isToBeKept(_ id: NodeID, at address: IPAddress, now: Int) -> Bool {
        guard let record = directory.node(id)?.record else { return false }
        guard mesh.asksPlace(of: id) else { return record.place != nil }
        guard record.place == address, let seenAt = record.placeSeenAt else { return true }
        return seenAt + configuration.authorizationLifetime / 4 <= now
    }

    private func locate(_ id: NodeID, at address: IPAddress, now: Int) {
        locate(id, address, seenAt: now, now: now)
        flush(now: now)
    }

    private func locate(_ id: NodeID, _ address: IPAddress, seenAt: Int, now: Int) {
        do throws(CoordinatorError) {
            let issuedAt = mesh.nodes[id]?.issuedAt
            try mesh.sight(id, Sighting(address: address, country: countries(address), at: seenAt), now: now)
            if let node = mesh.nodes[id], node.issuedAt != issuedAt, let until = node.facts.session?.expiresAt {
                nodeDeadlines.set(id, at: mesh.deadline(of: id, sessionEnd: until))
            }
        } catch {
            // What was signed before says another place, which nobody may go on to believe.
            logger.error(
                "node withdrawn: its new place cannot be signed",
                metadata: metadata(of: id).merging(["error": "\(error.explanation)"]) { first, _ in first })
            withdraw(id, reason: "signed-out")
            unsigned.insert(id)
        }
    }
}
