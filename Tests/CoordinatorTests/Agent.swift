import Identity
import NetworkAddresses
import SignedDocuments
import Testing
import Wire

@testable import Coordinator

/// What an agent makes of its stream.
struct Agent {
    let stream: NetmapSubscription
    var epoch = ""
    var sequence = -1
    var own = ""
    var peers: [NodeID: String] = [:]
    var policy = ""
    var ended: String?
    /// There was nothing more to read: whoever waits for a change waits in vain.
    var isOver = false
    var snapshots = 0
    var heartbeats = 0

    init(
        _ fixture: Fixture, _ session: SessionID, from position: NetmapPosition? = nil, at address: IPAddress? = nil
    ) async throws {
        stream = try await fixture.coordinator.netmap(session: session, resume: position, from: address)
        if position == nil { await read() }
    }

    var position: NetmapPosition { NetmapPosition(epoch: epoch, sequence: sequence) }

    /// One message, which must be there.
    mutating func read() async {
        if let message = await stream.next() { take(message) } else { isOver = true }
    }

    private mutating func take(_ message: NetmapMessage) {
        switch message {
        case .snapshot(let epoch, let sequence, let own, let peers, let policy):
            (self.epoch, self.sequence, self.own, self.peers, self.policy) = (epoch, sequence, own, peers, policy)
            snapshots += 1
        case .delta(let sequence, let own, let changed, let removed, let policy):
            #expect(sequence == self.sequence + 1)
            self.sequence = sequence
            self.own = own ?? self.own
            peers.merge(changed) { $1 }
            for id in removed { peers[id] = nil }
            self.policy = policy ?? self.policy
        case .heartbeat(let sequence, _):
            #expect(sequence == self.sequence)
            heartbeats += 1
        case .ended(let reason): ended = reason
        }
    }

    /// Lets the coordinator do what is due, and reads all that it has posted.
    mutating func drain(_ fixture: Fixture) async {
        await fixture.coordinator.tick(now: fixture.clock.now)
        while stream.hasMessages, ended == nil { await read() }
    }
}

extension NetmapSubscription {
    /// Whether `next` answers at once.
    var hasMessages: Bool { !mailbox.isEmpty || mailbox.isFinished }
}
