/// What `ztna` asks of `ztna-agent` over its Unix socket: one request line, then event lines until the socket closes.
///
/// Request: `{"command": name, …}`. Events: `{"event": name, …}`. Every command ends with exactly one `result` or `error`.
///
/// | command | members | events before the end |
/// |---|---|---|
/// | `login` | `server`?, `loopback_port`? | `code`, `signed-in` |
/// | `logout`, `up`, `down` | | |
/// | `status`, `whoami`, `peers`, `refusals`, `version` | | |
///
/// `code`: `verification_uri`, `verification_uri_complete`, `verification_uri_local`?, `user_code`, `number`, `expires_in`, `words`.
/// While it waits, a `login` client may send `{"loopback_code": text}`. `error`: `error` (a name), `message`, `remedy`.
package enum LocalCommand: String, Hashable, Sendable, CaseIterable {
    case login, logout, status, whoami, peers, refusals, up, down, version
}

package enum LocalEvent: String, Hashable, Sendable {
    case code
    case signedIn = "signed-in"
    case result
    case error
}
