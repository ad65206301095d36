package import Wire

/// What is wrong now, in words, and what to do about it.
package struct Problem: Hashable, Sendable {
    package var message: String
    package var remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    package init(_ error: ControlError) {
        (_, message, remedy) = error.local
    }

    /// The clock says that the session is over, and the server could not be asked.
    static func sessionOverHere(after error: ControlError) -> Problem {
        Problem(
            "By this device's clock the session is over; the server has not said so. \(error.local.message)",
            remedy: "Put the clock right if it is wrong; if it is not, run `ztna login`.")
    }
}

/// How the connection to the server stands.
package struct LinkStatus: Hashable, Sendable {
    package enum Control: String, Hashable, Sendable {
        case connected, connecting, offline, idle
    }

    package var control = Control.idle
    /// Seconds since the epoch.
    package var since: Int
    package var nextAttemptAt: Int?
    package var problem: Problem?

    package init(since: Int) { self.since = since }
}

/// Why a command of the local socket was not carried out.
package struct LocalFailure: Error, Hashable, Sendable {
    package let name: LocalErrorName
    package let message: String
    package let remedy: String

    package init(_ name: LocalErrorName, _ message: String, remedy: String) {
        self.name = name
        self.message = message
        self.remedy = remedy
    }

    package init(_ error: ControlError) {
        (name, message, remedy) = error.local
    }

    package init(_ error: StateError) {
        self.init(.state, "The agent's files: \(error).", remedy: "Put it right, then restart ztna-agent.")
    }
}
