package import Identity
package import Store
package import StrictJSON
package import Wire

/// What the programs behind the gateway answer to a signed-in device, beside its netmap. Each is a route; one that is nil
/// is none.
package struct ControlServices: Sendable {
    /// A signed-in device: its access token and its proof have been checked, and that its session goes on.
    package struct Caller: Hashable, Sendable {
        package var session: SessionID
        package var person: PersonID
        package var device: DeviceID
        /// The person's e-mail address, else the display name.
        package var label: String

        package init(session: SessionID, person: PersonID, device: DeviceID, label: String) {
            self.session = session
            self.person = person
            self.device = device
            self.label = label
        }
    }

    /// A question or command that is not carried out, in words for whoever asked.
    package struct Refusal: Error, Hashable, Sendable {
        package var name: ControlErrorName
        package var explanation: String
        /// Seconds after which it may be asked again.
        package var retryAfter: Int?

        package init(_ name: ControlErrorName = .commandRefused, _ explanation: String, retryAfter: Int? = nil) {
            self.name = name
            self.explanation = explanation
            self.retryAfter = retryAfter
        }
    }

    package typealias Question = @Sendable (Caller, JSONMembers) async throws(Refusal) -> JSON

    /// `POST /v1/admin`: `{"command": …}` of somebody who is an administrator, or whose commands are open to others too:
    /// what is `isAdministrator` false for must be refused by the program, all but what is the person's own affair.
    package var administer: (@Sendable (Caller, _ isAdministrator: Bool, JSONMembers) async throws(Refusal) -> JSON)?
    /// `POST /v1/why`: `{"host", "service"?}`, about the caller's own device.
    package var why: Question?
    /// `POST /v1/attempts`: the body as it is, at most `maximumAttemptBytes`.
    package var attempts: (@Sendable (Caller, [UInt8]) async throws(Refusal) -> JSON)?
    /// A person's groups as the policy in force sees them: with those that it defines itself.
    package var groups: (@Sendable (PersonRecord, Set<GroupName>) async -> Set<GroupName>)?

    package static let maximumAttemptBytes = 1 << 20

    package init(
        administer: (@Sendable (Caller, Bool, JSONMembers) async throws(Refusal) -> JSON)? = nil,
        why: Question? = nil, attempts: (@Sendable (Caller, [UInt8]) async throws(Refusal) -> JSON)? = nil,
        groups: (@Sendable (PersonRecord, Set<GroupName>) async -> Set<GroupName>)? = nil
    ) {
        self.administer = administer
        self.why = why
        self.attempts = attempts
        self.groups = groups
    }
}
