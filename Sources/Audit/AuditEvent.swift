/// One line of evidence, in one format for all three streams: who did what to whom, from where, and what came of it.
///
/// Only `time`, `stream`, `action` and `outcome` are always there. Texts are what is written down: ids and names as they
/// are, or their pseudonyms. Never payload, never a secret. Members: Docs/Audit.md.
package struct AuditEvent: Hashable, Sendable {
    package enum Stream: String, Hashable, Sendable, CaseIterable {
        case administration = "admin"
        case signIn = "sign-in"
        case connection
    }

    /// What came of it. `refused`: a rule or check said no. `failure`: it could not be done. A connection attempt has a
    /// verdict instead: `allow` or `deny`.
    package enum Outcome: String, Hashable, Sendable, CaseIterable { case success, refused, failure, allow, deny }

    package enum Direction: String, Hashable, Sendable {
        /// Decided by the destination.
        case inbound = "in"
        /// Decided by the source.
        case outbound = "out"
    }

    /// Seconds since the epoch, by the clock of whoever saw it.
    package var time: Int
    package var stream: Stream
    /// What happened: words with hyphens, such as `code-entered` or `nodes-tag`.
    package var action: String
    package var outcome: Outcome

    package var actor: AuditActor?
    package var subject: AuditSubject?
    /// The identity provider's or SCIM connection's id.
    package var provider: String?
    package var session: String?
    /// The device key's thumbprint; in a connection attempt, of the device that reports it.
    package var device: String?
    /// That device's host name.
    package var host: String?
    /// Where the request came from.
    package var address: String?

    package var source: AuditEnd?
    package var destination: AuditEnd?
    package var direction: Direction?
    /// IANA's number.
    package var protocolNumber: UInt8?
    package var port: Int?
    /// Of a scan: "1-79,81-65535".
    package var ports: String?
    package var rule: String?
    /// Why: the name of the check that failed, or the decision in words.
    package var reason: String?
    /// Of the policy that decided, or that was put into force.
    package var revision: String?
    /// How many times; nil is once.
    package var count: Int?
    /// The last of several.
    package var last: Int?
    /// Seconds since the epoch, by our clock: when an agent's report came in.
    package var receivedAt: Int?
    /// The reporter's clock minus ours in seconds, where they are far apart, or where it dates a moment after its report.
    package var clockOffset: Int?
    /// `time` and `last` as the reporter gave them, where they cannot be true and ours are put in their place.
    package var deviceTime: Int?
    package var deviceLast: Int?

    package init(
        _ stream: Stream, _ action: String, _ outcome: Outcome, at time: Int, actor: AuditActor? = nil,
        subject: AuditSubject? = nil, provider: String? = nil, session: String? = nil, device: String? = nil,
        host: String? = nil, address: String? = nil, rule: String? = nil, reason: String? = nil,
        revision: String? = nil, count: Int? = nil
    ) {
        self.time = time
        self.stream = stream
        self.action = action
        self.outcome = outcome
        self.actor = actor
        self.subject = subject
        self.provider = provider
        self.session = session
        self.device = device
        self.host = host
        self.address = address
        self.rule = rule
        self.reason = reason
        self.revision = revision
        self.count = count
    }

    /// By our clock, as far as it was involved: what retention counts from.
    package var recordedAt: Int { receivedAt ?? time }
}
