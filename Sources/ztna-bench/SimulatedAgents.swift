import Coordinator
import Identity
import StrictJSON
import Synchronization
import Wire

/// Agents that hold netmap streams of this process's coordinator: each message is put into the bytes that its stream would
/// carry, counted, and noted with the moment at which that was done.
final class SimulatedAgents: Sendable {
    /// What the agents are shown: all that was delivered since `expect`.
    private struct State {
        var bytes = 0
        var messages = 0
        /// Agents that have not yet lost sight of `node`.
        var awaited: Set<Int> = []
        var node: NodeID?
        var last = 0.0
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The node of each agent, in the order of the people.
    let nodes: [NodeID]
    private let state = Mutex(State())
    private let subscriptions: [NetmapSubscription]
    private let coordinator: Coordinator

    var delivered: (bytes: Int, messages: Int) { state.withLock { ($0.bytes, $0.messages) } }

    init(_ people: [(session: SessionID, node: NodeID)], of server: BenchServer) async throws {
        var subscriptions: [NetmapSubscription] = []
        for person in people {
            subscriptions.append(try await server.coordinator.netmap(session: person.session))
        }
        self.subscriptions = subscriptions
        coordinator = server.coordinator
        nodes = people.map(\.node)
    }

    /// Reads all streams while `work` runs.
    func listening(_ work: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (agent, subscription) in subscriptions.enumerated() {
                group.addTask { for await message in subscription { self.receive(message, by: agent) } }
            }
            defer { group.cancelAll() }
            try await work()
        }
    }

    /// From now on, every one of `agents` is to be told that `node` is gone; `node`'s own agent that it sees nobody, or that
    /// its session is over.
    func expect(_ agents: Set<Int>, toLose node: Int) {
        state.withLock { state in
            state.awaited = agents
            state.node = nodes[node]
            state.last = 0
        }
    }

    /// Waits until the last of them was told. The moment of that, on the wall clock.
    func lastTold() async -> Double {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if !state.awaited.isEmpty { state.waiter = continuation }
                return state.awaited.isEmpty
            }
            if isDone { continuation.resume() }
        }
        return state.withLock { $0.last }
    }

    /// Until every change in the store is with the agents, and nothing has arrived for 20 ms.
    func settled() async throws {
        try await coordinator.catchUp()
        var last = -1
        while delivered.messages != last {
            last = delivered.messages
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func receive(_ message: NetmapMessage, by agent: Int) {
        let count = message.json.encoded().count + 1
        let now = Clocks.wall
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.bytes += count
            state.messages += 1
            guard let node = state.node, state.awaited.contains(agent), Self.ends(node, message, nodes[agent]) else {
                return nil
            }
            state.awaited.remove(agent)
            state.last = now
            guard state.awaited.isEmpty else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private static func ends(_ node: NodeID, _ message: NetmapMessage, _ own: NodeID) -> Bool {
        switch message {
        case .ended: own == node
        case .delta(_, _, _, let removed, _): own == node ? !removed.isEmpty : removed.contains(node)
        case .snapshot, .heartbeat: false
        }
    }
}
