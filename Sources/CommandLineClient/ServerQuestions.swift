package import StrictJSON
internal import Wire

/// What `ztna` asks the server through the agent: `why` for oneself, and the commands of administrators.
package struct ServerQuestions: Sendable {
    let socket: String
    let console: Console

    package init(socket: String, console: Console) {
        self.socket = socket
        self.console = console
    }

    /// Whether this device may reach a place. Ends with `notAllowed` where it may not.
    package func why(_ place: PlaceArgument) async -> CommandOutcome {
        let request = LocalRequest(command: .why, host: place.host, service: place.service)
        return await ask(request) { answer in
            (
                WhyText.lines(answer, time: console.time(), style: console.style),
                JSONRow(answer).bool("allowed") == false ? .notAllowed : .ok
            )
        }
    }

    /// One administrative command. `members` beside its name; `lines` is its answer for people.
    package func administer(
        _ command: String, _ members: [String: JSON] = [:],
        lines: @escaping (JSON, TimeText, TextStyle) -> [String]
    ) async -> CommandOutcome {
        await ask(Self.request(command, members)) { (lines($0, console.time(), console.style), .ok) }
    }

    static func request(_ command: String, _ members: [String: JSON]) -> LocalRequest {
        LocalRequest(command: .admin, request: .object(members.merging(["command": .string(command)]) { $1 }))
    }

    private func ask(
        _ request: LocalRequest, lines: (JSON) -> ([String], CommandOutcome)
    ) async -> CommandOutcome {
        do throws(ClientFailure) {
            let answer = try await AgentConversation.answer(request, socket: socket)
            let (text, outcome) = lines(answer)
            if console.json { console.print(json: answer) } else { console.print(text) }
            return outcome
        } catch { return console.report(error) }
    }
}
