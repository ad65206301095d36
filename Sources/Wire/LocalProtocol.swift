package import StrictJSON

/// What `ztna` asks of `ztna-agent` over its Unix socket: one request line, then event lines until the socket closes.
///
/// Request: `{"command": name, …}`. Events: `{"event": name, …}`. Every command ends with exactly one `result` or `error`.
/// Times are whole seconds since the epoch; `?` marks members that may be absent, and none is ever `null`.
///
/// | command | members | events before the end |
/// |---|---|---|
/// | `login` | `server`?, `loopback_port`?, `force`?, `step_up`? | `code`, `waiting`, `signed-in` |
/// | `why` | `host`, `service`? | |
/// | `admin` | `request`, or `request_parts` | `part` |
/// | `watch` | | `notice`, as they come |
/// | `logout`, `up`, `down` | | |
/// | `status`, `whoami`, `peers`, `refusals`, `version` | | |
///
/// `login`. `server` may be left out once one is known. With a session that is still good and without `force`: true, the
/// answer is the error `already-signed-in`. Events:
/// - `code`: `verification_uri`, `verification_uri_complete`, `verification_uri_local`?, `user_code`, `number` (two digits,
///   text), `expires_in` (seconds), `words` (six words of the device key's fingerprint).
/// - `waiting`: at each poll: `expires_in`.
/// - `signed-in`: `person` (label), `session_expires_at`. What follows is the registration.
/// With `step_up`: true, the session that the device has is renewed at its identity provider, with a second factor; it stays
/// that session, and nothing connects anew. `server` and `force` cannot be given then.
/// - `result`: as `whoami`. It comes once the node is registered; the tunnel may take a moment more (`status`).
/// While it waits, a `login` client may send `{"loopback_code": text}`. When the client closes the socket, the flow ends and
/// nothing of it is kept; a session from before goes on.
///
/// `why` asks the server whether this device may reach a host (its name), on one service ("tcp/22") or on all.
///
/// `admin` hands `request`, an object `{"command": …}`, to the server's `POST /v1/admin`, in the name of who is signed in. One
/// that is too long for a line comes as text, in `request_parts` further lines `{"part": text}`, at most 10 MiB together; two
/// such requests at a time, a third is `busy`. An answer that is too long for an event comes as text, too, in `part` events
/// with `text`, and the `result` says `parts`.
///
/// `watch` goes on until the client closes the socket. `notice`: `time`, `host`, `service`, `message`, `remedy`: this device's
/// own person was refused for want of a recent second factor.
///
/// `result` members:
/// - `why`, `admin`: `answer`, what the server says (absent with `parts`).
/// - `logout`: `server`? and `revoked` (false: the server could not be told; it ends the session by itself at its time),
///   `logout_uri`? (where a browser signs the person out of their identity provider, too; good once, for ten minutes).
/// - `up`, `down`: `state`, as in `status`. `down` lasts across restarts until `up`.
/// - `version`: `version`.
/// - `whoami`: `server`, `device` (thumbprint), `words`, `person` (label), `name`, `email`?, `provider`, `groups`, `tags`,
///   `node`, `host`, `addresses`, `amr`, `auth_time`?, `mfa_at`?, `session`, `session_expires_at`,
///   `authorization_expires_at`. Not signed in: the error `signed-out`. Signed in, but not registered yet: `not-registered`.
/// - `status`: `version`, `state` (a `LocalState`), `server`?, `device`, `words`, `host`?, `addresses` (list, perhaps empty),
///   `person`?, `session_expires_at`?, `authorization_expires_at`?, `peers` (how many), `policy_revision`?,
///   `enforcing` (the kernel's rule set was read back and equals ours), `checked_at`? (when), `interface`?,
///   `tunnel` (`up`, `starting`, `down`, `failed`, or `off` for `--without-tunnel`), `problem`? and `remedy`? (what is wrong
///   now, in words, and what to do), `control` (`connected`, `connecting`, `offline`, `idle`), `control_since`,
///   `next_attempt_at`? (while offline), `step_up_wanted`? (the last refusal that a step-up would cure: as `notice`).
/// - `peers`: `peers`, a list by host name of `node`, `host`, `addresses`, `person`, `name`, `email`?, `groups`, `tags`,
///   `authorization_expires_at`, `may_reach_us` and `we_may_reach` (services, text), `endpoint`? (in use), `candidates`, `last_handshake`?,
///   `received`, `sent` (bytes). Without a tunnel the last four are absent or zero.
/// - `refusals`: `refusals`, newest first, of `time`, `direction` (`in`, `out`), `source`, `destination` (addresses),
///   `service` ("tcp/22"), `person`?, `host`? (of the other side), `count` (the same again within a minute), `reason`;
///   `unread` (packets that the log lost), `unattended` (attempts while no agent read the log).
/// Lists are cut where an event would be longer than 1 MB.
package enum LocalCommand: String, Hashable, Sendable, CaseIterable {
    case login, logout, status, whoami, peers, refusals, up, down, version, why, admin, watch

    /// Beside `command` itself.
    var members: Set<String> {
        switch self {
        case .login: ["server", "loopback_port", "force", "step_up"]
        case .why: ["host", "service"]
        case .admin: ["request", "request_parts"]
        case .logout, .status, .whoami, .peers, .refusals, .up, .down, .version, .watch: []
        }
    }
}

package enum LocalEvent: String, Hashable, Sendable {
    case code
    case waiting
    case signedIn = "signed-in"
    case part
    case notice
    case result
    case error
}

/// `state` of `status`, the one word for how things stand.
package enum LocalState: String, Hashable, Sendable, CaseIterable {
    /// No session: `ztna login`.
    case signedOut = "signed-out"
    /// A session, and no netmap yet.
    case connecting
    /// Following the netmap.
    case connected
    /// The server is out of reach; what is authorized goes on until it expires.
    case offline
    /// Switched off by `ztna down`.
    case down
}

/// `error` of an `error` event, beside `message` (what happened) and `remedy` (what to do next).
package enum LocalErrorName: String, Hashable, Sendable, CaseIterable {
    /// Neither root nor an operator.
    case notPermitted = "not-permitted"
    /// No command of this agent, or a member of the wrong type.
    case badRequest = "bad-request"
    /// Another sign-in is under way, or too many clients are.
    case busy
    /// No server is known: `--server`.
    case noServer = "no-server"
    case signedOut = "signed-out"
    case alreadySignedIn = "already-signed-in"
    case notRegistered = "not-registered"
    /// No connection to the server, or none that is trusted.
    case unreachable
    /// The person or an administrator said no.
    case accessDenied = "access-denied"
    /// The code was not confirmed in time.
    case expired
    /// The server refused the device's proof: mostly a wrong clock; the message says by how much.
    case proofRefused = "proof-refused"
    /// The server signs with a key that this device does not know.
    case unknownControlKey = "unknown-control-key"
    /// A document did not verify, or an answer cannot be read.
    case untrustedAnswer = "untrusted-answer"
    /// The server says that it cannot now.
    case serverError = "server-error"
    /// The agent's own files cannot be written.
    case state
    case shuttingDown = "shutting-down"
    /// The person is no administrator.
    case notAdministrator = "not-administrator"
    /// The server asks for a recent second factor: `ztna login --step-up`.
    case stepUpNeeded = "step-up-needed"
    /// A step-up cannot succeed: the server is not told what counts as a second factor.
    case secondFactorNotConfigured = "second-factor-not-configured"
    /// The server does not carry the question or command out; the message says why.
    case commandRefused = "command-refused"
}

/// One request line, read. Unknown members are refused, so that a misspelt `force` is never ignored.
package struct LocalRequest: Hashable, Sendable {
    /// Of a request in parts, all together: as much as the server takes.
    package static let maximumPartBytes = AdministrativeRequest.maximumBytes
    /// A longer request object is sent in parts of at most so many characters.
    package static let partCharacters = 12_000
    package static let maximumParts = 900

    package var command: LocalCommand
    package var server: String?
    package var loopbackPort: UInt16?
    package var force: Bool
    package var stepUp: Bool
    package var host: String?
    package var service: String?
    /// An object.
    package var request: JSON?
    package var requestParts: Int?

    package init(
        command: LocalCommand, server: String? = nil, loopbackPort: UInt16? = nil, force: Bool = false,
        stepUp: Bool = false, host: String? = nil, service: String? = nil, request: JSON? = nil,
        requestParts: Int? = nil
    ) {
        self.command = command
        self.server = server
        self.loopbackPort = loopbackPort
        self.force = force
        self.stepUp = stepUp
        self.host = host
        self.service = service
        self.request = request
        self.requestParts = requestParts
    }

    package var json: JSON {
        var members: [String: JSON] = ["command": .string(command.rawValue)]
        if let server { members["server"] = .string(server) }
        if let loopbackPort { members["loopback_port"] = .integer(Int(loopbackPort)) }
        if force { members["force"] = true }
        if stepUp { members["step_up"] = true }
        if let host { members["host"] = .string(host) }
        if let service { members["service"] = .string(service) }
        if let request { members["request"] = request }
        if let requestParts { members["request_parts"] = .integer(requestParts) }
        return .object(members)
    }

    package init(parsing json: JSON) throws(WireError) {
        do {
            let members = try JSONMembers(json)
            guard let command = LocalCommand(rawValue: try members.string("command")) else {
                throw WireError.malformed("command")
            }
            let known = command.members
            if let unknown = members.members.keys.filter({ $0 != "command" && !known.contains($0) }).min() {
                throw WireError.malformed(unknown)
            }
            self.command = command
            server = try members.optionalString("server")
            force = try members.optionalBool("force") ?? false
            stepUp = try members.optionalBool("step_up") ?? false
            host = try command == .why ? members.string("host") : nil
            service = try members.optionalString("service")
            request = try members.has("request") ? .object(members.object("request").members) : nil
            requestParts = try members.optionalInteger("request_parts")
            if command == .admin {
                // One or the other.
                guard (request == nil) != (requestParts == nil), (1...Self.maximumParts).contains(requestParts ?? 1)
                else {
                    throw WireError.malformed("request")
                }
            }
            loopbackPort = try members.optionalInteger("loopback_port").map { number in
                guard let port = UInt16(exactly: number), port > 0 else { throw WireError.malformed("loopback_port") }
                return port
            }
        } catch let error as WireError { throw error } catch { throw .malformed("request") }
    }
}
