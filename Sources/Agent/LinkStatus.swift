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
