/// What `ztna` tells the shell.
package enum CommandOutcome: Int32, Hashable, Sendable, CaseIterable {
    case ok = 0
    case failed = 1
    case usage = 2
    case agentNotRunning = 3
    case notPermitted = 4
    case notSignedIn = 5
    case refused = 6
    case expired = 7
    case notAdministrator = 8
    case stepUpNeeded = 9
    case notAllowed = 10
    case interrupted = 130

    package var meaning: String {
        switch self {
        case .ok: "done"
        case .failed: "failed; the message says why"
        case .usage: "the command line is wrong, or a server must be named"
        case .agentNotRunning: "ztna-agent is not running"
        case .notPermitted: "this user may not use ztna-agent"
        case .notSignedIn: "not signed in"
        case .refused: "the sign-in was refused"
        case .expired: "the code expired, or no answer came in time"
        case .notAdministrator: "this person is no administrator"
        case .stepUpNeeded: "a recent second factor is needed: ztna login --step-up"
        case .notAllowed: "the policy does not allow it (why)"
        case .interrupted: "interrupted"
        }
    }

    /// For `--help`: one line each.
    package static var table: String {
        allCases.map { status in
            let number = String(status.rawValue)
            return "  " + String(repeating: " ", count: 3 - number.count) + number + "  " + status.meaning
        }.joined(separator: "\n")
    }
}
