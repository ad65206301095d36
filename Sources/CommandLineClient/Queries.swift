internal import StrictJSON
internal import Wire

/// The commands that are one question and one answer.
package struct Queries: Sendable {
    private let socket: String
    private let console: Console

    package init(socket: String, console: Console) {
        self.socket = socket
        self.console = console
    }

    package func status() async -> CommandOutcome {
        await answer(.status) { members throws(ClientFailure) in
            StatusText.lines(try StatusAnswer(members), time: console.time(), style: console.style)
        }
    }

    package func whoami() async -> CommandOutcome {
        await answer(.whoami) { members throws(ClientFailure) in
            PersonText.lines(try PersonAnswer(members), time: console.time(), style: console.style)
        }
    }

    package func peers() async -> CommandOutcome {
        await answer(.peers, check: Self.requireSignIn("This device is not signed in.")) {
            members throws(ClientFailure) in
            PeersText.lines(
                try PeerAnswer.list(members),
                isSwitchedOff: members.members["state"]?.stringValue == LocalState.down.rawValue,
                time: console.time(), style: console.style)
        }
    }

    package func refusals() async -> CommandOutcome {
        await answer(.refusals) { members throws(ClientFailure) in
            RefusalsText.lines(try RefusalsAnswer(members), time: console.time(), style: console.style)
        }
    }

    package func logout() async -> CommandOutcome {
        await answer(.logout) { members throws(ClientFailure) in
            let server = members.members["server"]?.stringValue.map { " of " + SafeText.line($0) } ?? ""
            if members.members["revoked"]?.boolValue ?? false {
                guard let link = members.members["logout_uri"]?.stringValue else { return ["Signed out\(server)."] }
                return [
                    "Signed out\(server). Your identity provider may still know you.",
                    "To sign out there, too, open this within ten minutes:", "  " + SafeText.line(link),
                ]
            }
            return [
                "Signed out\(server) on this device.",
                "The server could not be told: it ends the session by itself at its time.",
            ]
        }
    }

    package func up() async -> CommandOutcome { await switched(.up, "On") }

    package func down() async -> CommandOutcome { await switched(.down, "Off, until: ztna up") }

    /// Says its own version without an agent too.
    package func version() async -> CommandOutcome {
        var members: [String: JSON] = ["version": .string(ProgramVersion.current)]
        var agent = "not reached"
        if let answer = try? await AgentConversation.ask(.version, socket: socket),
            let version = answer.members["version"]?.stringValue
        {
            members["agent"] = .string(version)
            agent = SafeText.line(version)
        }
        if console.json {
            console.print(json: .object(members))
        } else {
            console.print(["ztna \(ProgramVersion.current)", "ztna-agent \(agent)"])
        }
        return .ok
    }

    private func switched(_ command: LocalCommand, _ done: String) async -> CommandOutcome {
        let check = Self.requireSignIn("Switched on, but this device is not signed in.")
        return await answer(command, check: command == .up ? check : { _ in }) { members throws(ClientFailure) in
            guard let state = members.members["state"]?.stringValue else { throw .unreadable("state") }
            return ["\(done). State: \(SafeText.line(state))"]
        }
    }

    private typealias Check = (JSONMembers) throws(ClientFailure) -> Void

    /// An agent whose `state` says that nobody is signed in.
    private static func requireSignIn(_ message: String) -> Check {
        { members throws(ClientFailure) in
            guard members.members["state"]?.stringValue == LocalState.signedOut.rawValue else { return }
            throw .signedOut(message)
        }
    }

    private func answer(
        _ command: LocalCommand, check: Check = { _ in }, lines: (JSONMembers) throws(ClientFailure) -> [String]
    ) async -> CommandOutcome {
        do throws(ClientFailure) {
            let members = try await AgentConversation.ask(command, socket: socket)
            try check(members)
            if console.json {
                console.print(json: .object(members.members.filter { $0.key != "event" }))
            } else {
                console.print(try lines(members))
            }
            return .ok
        } catch { return console.report(error) }
    }
}
