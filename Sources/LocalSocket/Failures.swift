/// Why a conversation over a local socket cannot begin or go on.
package enum LocalSocketError: Error, Hashable, Sendable {
    /// No socket at the path, or nobody listening on it.
    case notRunning
    case notPermitted
    /// Another server answers on this path.
    case alreadyRunning
    /// The server has as many connections as it takes.
    case busy
    case timedOut
    /// The other side has gone.
    case closed
    /// A line that is not JSON.
    case malformed
    case tooLong
    /// The task was cancelled.
    case cancelled
    /// What the system refused, and why.
    case system(String)

    /// One sentence for whoever has to put it right.
    package var explanation: String {
        switch self {
        case .notRunning: "the service is not running, or listens on another socket; start it first"
        case .notPermitted: "this user may not control the service; use root or a user that its configuration permits"
        case .alreadyRunning: "another instance already listens on this socket; stop it first"
        case .busy: "the service has too many connections at the moment; try again"
        case .timedOut: "the other side did not answer in time; see the service's log"
        case .closed: "the service closed the connection; see its log"
        case .malformed: "the other side sent a line that is not JSON; both programs should have the same version"
        case .tooLong: "the line is longer than the protocol allows"
        case .cancelled: "cancelled"
        case .system(let reason): reason
        }
    }
}
