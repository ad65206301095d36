internal import LocalSocket
package import StrictJSON
package import Wire

/// One request to the agent and what it answers. Ends with `close()` or the last reference.
package final class AgentConversation: Sendable {
    /// How long the agent may be silent; during a sign-in it speaks at each poll.
    package static let patience = Duration.seconds(60)

    private let client: LocalSocketClient
    private let socket: String

    private init(client: LocalSocketClient, socket: String) {
        self.client = client
        self.socket = socket
    }

    package static func begin(_ request: LocalRequest, socket: String) async throws(ClientFailure) -> AgentConversation
    {
        do throws(LocalSocketError) {
            let client = try LocalSocketClient.connect(path: socket)
            let conversation = AgentConversation(client: client, socket: socket)
            try await client.send(request.json)
            return conversation
        } catch {
            throw failure(of: error, socket: socket)
        }
    }

    package func send(_ line: JSON) async throws(ClientFailure) {
        do throws(LocalSocketError) { try await client.send(line) } catch {
            throw Self.failure(of: error, socket: socket)
        }
    }

    /// Events of names that this version does not know are passed over. An `error` event is thrown.
    package func next(timeout: Duration = AgentConversation.patience) async throws(ClientFailure) -> ReceivedEvent {
        while true {
            let line: JSON?
            do throws(LocalSocketError) { line = try await client.nextEvent(timeout: timeout) } catch {
                throw Self.failure(of: error, socket: socket)
            }
            guard let line else { throw .agentHungUp }
            if let event = try AgentEvent(parsing: line) { return ReceivedEvent(event: event, line: line) }
        }
    }

    package func close() { client.close() }

    /// A whole conversation that has one answer: the members of its `result`.
    package static func ask(_ command: LocalCommand, socket: String) async throws(ClientFailure) -> JSONMembers {
        let conversation = try await begin(LocalRequest(command: command), socket: socket)
        defer { conversation.close() }
        while true {
            if case .result(let members) = try await conversation.next().event { return members }
        }
    }

    private static func failure(of error: LocalSocketError, socket: String) -> ClientFailure {
        switch error {
        case .notRunning: .agentNotRunning(socket: socket)
        case .notPermitted: .notPermitted(socket: socket)
        case .closed, .cancelled: .agentHungUp
        case .timedOut: .noAnswer
        case .malformed, .tooLong: .unreadable("not a line of JSON")
        case .busy:
            ClientFailure(
                name: LocalErrorName.busy.rawValue, message: "ztna-agent is busy: another sign-in may be under way.",
                remedy: "End the other ztna command or wait for it, and try again.", status: .failed)
        case .alreadyRunning: .system(error.explanation)
        case .system(let reason):
            ClientFailure(
                name: "failed", message: "ztna-agent cannot be reached at \(socket): \(reason).",
                remedy: "Check the path (--socket, ZTNA_AGENT_SOCKET).", status: .failed)
        }
    }
}
