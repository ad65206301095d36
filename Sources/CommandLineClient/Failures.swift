package import StrictJSON
internal import Wire

/// Why a command ended badly: one sentence what, one what to do.
package struct ClientFailure: Error, Hashable, Sendable {
    /// `error` in JSON: a `LocalErrorName`, or one of this client's own.
    package var name: String
    package var message: String
    package var remedy: String
    package var status: CommandOutcome

    package init(name: String, message: String, remedy: String, status: CommandOutcome) {
        self.name = name
        self.message = message
        self.remedy = remedy
        self.status = status
    }

    package var json: JSON { ["error": .string(name), "message": .string(message), "remedy": .string(remedy)] }

    /// For stderr; both sentences may come from the agent or the server. What is wrong with a policy comes in lines.
    package func text(style: TextStyle) -> String {
        let lines = message.split(separator: "\n").map { SafeText.line(String($0)) }.joined(separator: "\n")
        return style.red("Error:") + " " + lines + (remedy.isEmpty ? "" : "\n" + SafeText.line(remedy))
    }
}

extension ClientFailure {
    package static func agentNotRunning(socket: String) -> ClientFailure {
        ClientFailure(
            name: "agent-not-running", message: "ztna-agent is not running: nothing answers at \(socket).",
            remedy: "Start it with: sudo systemctl start ztna-agent (or: sudo ztna-agent run).",
            status: .agentNotRunning)
    }

    package static func notPermitted(socket: String) -> ClientFailure {
        ClientFailure(
            name: LocalErrorName.notPermitted.rawValue, message: "This user may not use ztna-agent at \(socket).",
            remedy: "Run the command with sudo, or have an administrator add this user to the agent's operators.",
            status: .notPermitted)
    }

    package static let agentHungUp = ClientFailure(
        name: "agent-stopped", message: "ztna-agent ended the conversation without an answer.",
        remedy: "See why with: journalctl -u ztna-agent -n 20.", status: .agentNotRunning)

    package static let noAnswer = ClientFailure(
        name: "timeout", message: "ztna-agent did not answer in time.",
        remedy: "Try again; if it stays so: sudo systemctl restart ztna-agent.", status: .expired)

    package static func unreadable(_ member: String) -> ClientFailure {
        ClientFailure(
            name: "unreadable-answer", message: "The answer of ztna-agent cannot be read (\(member)).",
            remedy: "Compare both versions with: ztna version, and restart the agent after an update.", status: .failed)
    }

    package static func signedOut(_ message: String) -> ClientFailure {
        ClientFailure(
            name: LocalErrorName.signedOut.rawValue, message: message, remedy: "Sign in with: ztna login",
            status: .notSignedIn)
    }

    package static let interrupted = ClientFailure(
        name: "interrupted", message: "Interrupted. Nothing was changed.", remedy: "", status: .interrupted)

    package static func system(_ message: String) -> ClientFailure {
        ClientFailure(name: "failed", message: message, remedy: "", status: .failed)
    }

    /// An `error` event of the agent.
    package init(event members: [String: JSON]) {
        let name = members["error"]?.stringValue ?? "failed"
        let known = LocalErrorName(rawValue: name)
        self.init(
            name: name, message: members["message"]?.stringValue ?? "ztna-agent refused: \(name).",
            remedy: members["remedy"]?.stringValue ?? "", status: known.map(Self.status) ?? .failed)
    }

    private static func status(of name: LocalErrorName) -> CommandOutcome {
        switch name {
        case .notPermitted: .notPermitted
        case .badRequest, .noServer: .usage
        case .signedOut: .notSignedIn
        case .accessDenied, .proofRefused: .refused
        case .expired: .expired
        case .shuttingDown: .agentNotRunning
        case .notAdministrator: .notAdministrator
        case .stepUpNeeded: .stepUpNeeded
        case .commandRefused, .secondFactorNotConfigured, .busy, .alreadySignedIn, .notRegistered, .unreachable,
            .unknownControlKey, .untrustedAnswer, .serverError,
            .state:
            .failed
        }
    }
}
