internal import Audit
internal import Identity
internal import OpenIDConnect
internal import SAML
internal import Sessions
internal import Synchronization

/// The steps of a sign-in, as the evidence names them.
enum SignInStep: String, Sendable {
    /// A device asks for a sign-in.
    case begun = "sign-in-begun"
    /// A browser enters its code.
    case codeEntered = "code-entered"
    /// That browser is sent to the identity provider.
    case sentToProvider = "sent-to-provider"
    /// It is back, and what the provider says is believed, or not.
    case providerAnswered = "provider-answered"
    /// The person confirms the device, or says no.
    case confirmed = "confirmed"
    /// The device has its session, or has renewed it.
    case signedIn = "signed-in"
    /// A session's sign-in has been renewed in place: step-up.
    case renewed = "sign-in-renewed"
    /// A session's tokens are renewed; recorded only when that was refused.
    case refreshed = "refreshed"
    /// The device hands in its registration and becomes a node, or is refused.
    case registered = "node-registered"
    /// The device calls itself as the policy calls one, and is called otherwise.
    case nameWithheld = "name-withheld"
    /// An identity provider says that somebody has signed out; recorded only when that was refused.
    case logoutMessage = "logout-message"
}

/// Writes each step of each sign-in down as evidence, with its reason where it was refused.
///
/// What strangers can cause without limit is recorded 500 times, then once a second; how many were left out is in the next
/// record, so that nobody pushes the evidence out of the log by trying codes.
final class SignInRecorder: Sendable {
    private struct Limits {
        var strangers = TokenBucket(burst: 500, secondsPerToken: 1, now: 0)
        var leftOut = 0
        var nodes = KeyedRateLimit(burst: 20, secondsPerToken: 60)
        var withheld = KeyedRateLimit(burst: 20, secondsPerToken: 60)
    }

    private let sink: any AuditSink
    private let clock: @Sendable () -> Int
    private let limits = Mutex(Limits())

    init(sink: any AuditSink, clock: @escaping @Sendable () -> Int) {
        self.sink = sink
        self.clock = clock
    }

    /// A step of a sign-in under way. `address`: the browser's; nil: that of the device that asked. `remark`: what is to be
    /// said of a step that was not refused.
    func note(
        _ step: SignInStep, of authorization: DeviceAuthorization, signIn: SignIn? = nil, provider: ProviderID? = nil,
        address: String? = nil, refused reason: String? = nil, remark: String? = nil
    ) {
        var event = event(step, refused: reason)
        if reason == nil { event.reason = remark }
        event.subject = AuditSubject(.request, id: authorization.id.text)
        event.device = authorization.device.thumbprint
        event.host = authorization.asking.hostName
        event.address = address ?? authorization.asking.address
        var person: PersonID?
        var known = signIn ?? authorization.verifiedSignIn
        if case .approved(let approval) = authorization.state {
            (person, known) = (approval.person, approval.signIn)
            event.session = approval.session.text
        }
        if let renewal = authorization.renewal {
            person = renewal.person
            event.session = renewal.session.text
        }
        event.provider = (known?.provider ?? provider)?.text
        if person != nil || known != nil {
            let label = known.map { $0.email?.text ?? $0.displayName } ?? authorization.renewal?.label
            event.actor = .person(id: person?.text, label: label)
        }
        sink.record(event)
    }

    /// A step of which only the sign-in's name is at hand.
    func note(_ step: SignInStep, ofRequest id: RecordID, signIn: SignIn? = nil, refused reason: String?) {
        var event = event(step, refused: reason)
        event.subject = AuditSubject(.request, id: id.text)
        event.provider = signIn?.provider.text
        if let signIn { event.actor = .person(id: nil, label: signIn.email?.text ?? signIn.displayName) }
        sink.record(event)
    }

    /// The end of a sign-in: the device has its session.
    func note(_ step: SignInStep, _ session: Session, label: String?, asking: AskingDevice) {
        var event = event(step, refused: nil)
        event.actor = .person(session.person, label: label)
        event.provider = session.provider.text
        event.session = session.id.text
        event.device = session.device.thumbprint
        event.address = asking.address
        event.host = asking.hostName
        sink.record(event)
    }

    /// A device under a session has become a node, or why it has not: of one device twenty at once, then one a minute.
    func noteNode(_ node: String?, of token: AccessToken, label: String?, refused reason: String? = nil) {
        let now = clock()
        guard limits.withLock({ $0.nodes.take(token.device.thumbprint, now: now) }) == nil else { return }
        var event = event(.registered, refused: reason)
        event.actor = .person(token.person, label: label)
        event.subject = node.map { AuditSubject(.node, id: $0) }
        event.session = token.session.text
        event.device = token.device.thumbprint
        sink.record(event)
    }

    /// A device asked for a name that the policy speaks of: limited as its registrations are.
    func noteWithheld(_ name: String, node: String, of token: AccessToken, label: String?) {
        let now = clock()
        guard limits.withLock({ $0.withheld.take(token.device.thumbprint, now: now) }) == nil else { return }
        var event = event(
            .nameWithheld, refused: "the policy speaks of device:\(name), and no administrator gave it to this device")
        event.actor = .person(token.person, label: label)
        event.subject = AuditSubject(.node, id: node)
        event.session = token.session.text
        event.device = token.device.thumbprint
        event.host = name
        sink.record(event)
    }

    /// A refusal of somebody who may be anybody.
    func noteStranger(
        _ step: SignInStep, refused reason: String, address: String? = nil, provider: ProviderID? = nil,
        device: DeviceID? = nil, host: String? = nil, session: SessionID? = nil
    ) {
        let now = clock()
        let leftOut = limits.withLock { limits -> Int? in
            guard limits.strangers.take(now: now) == nil else {
                limits.leftOut += 1
                return nil
            }
            defer { limits.leftOut = 0 }
            return limits.leftOut
        }
        guard let leftOut else { return }
        if leftOut > 0 {
            sink.record(
                AuditEvent(
                    .signIn, "refusals-left-out", .failure, at: now, reason: "too many in a short time",
                    count: leftOut))
        }
        var event = event(step, refused: reason)
        event.address = address
        event.provider = provider?.text
        event.device = device?.thumbprint
        event.host = host
        event.session = session?.text
        sink.record(event)
    }

    private func event(_ step: SignInStep, refused reason: String?) -> AuditEvent {
        AuditEvent(.signIn, step.rawValue, reason == nil ? .success : .refused, at: clock(), reason: reason)
    }
}

extension SignInRefusal {
    /// As the evidence names it.
    var reasonName: String {
        switch self {
        case .expired: "expired"
        case .outOfOrder: "out-of-order"
        case .anotherBrowser: "another-browser"
        case .wrongNumber: "wrong-number"
        case .denied: "denied"
        case .inactive: "person-inactive"
        case .unknownToDirectory: "unknown-to-directory"
        case .renewal(let refusal): refusal.rawValue
        }
    }
}

extension ProviderFault {
    /// As the evidence names it: the rule that was broken where it has a name, else the explanation.
    var evidence: String { ruleName.map { "\($0): \(explanation)" } ?? explanation }
}
