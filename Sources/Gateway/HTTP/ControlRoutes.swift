internal import Audit
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import IdentityProviders
internal import Logging
internal import NIOCore
internal import Sessions
internal import Store
internal import StrictJSON
internal import Wire

/// Questions, attempts and administration of a signed-in device. Source: RFC 9449 §7; RFC 9470 §3; DESIGN §5, §8.
struct ControlRoutes: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let nodes: NodeRoutes
    let control: ControlServices
    let limits: GatewayLimits

    func add(to router: Router<GatewayContext>) {
        if let administer = control.administer {
            route("/v1/admin", router) { standing in
                if standing.isAdministrator {
                    try requireRecentSignIn(standing)
                } else {
                    try Self.allow(limits.giveCommand(standing.caller.person, now: standing.now))
                }
                return Self.commandLimit(standing)
            } work: { standing, body in
                let answer = try await administer(
                    standing.caller, standing.isAdministrator,
                    try Self.members(body, limit: Self.commandLimit(standing)))
                return ["result": answer]
            }
        }
        if let why = control.why {
            route("/v1/why", router) { standing in
                try Self.allow(limits.ask(standing.caller.device, now: standing.now))
                return 4096
            } work: { standing, body in
                try await why(standing.caller, try Self.members(body, limit: 4096))
            }
        }
        if let attempts = control.attempts {
            route("/v1/attempts", router) { _ in
                ControlServices.maximumAttemptBytes
            } work: { standing, body in
                try await attempts(standing.caller, body)
            }
        }
    }

    /// An administrator's command may bring a policy file along.
    private static func commandLimit(_ standing: Standing) -> Int {
        standing.isAdministrator ? AdministrativeRequest.maximumBytes : AdministrativeRequest.maximumBytesOfOthers
    }

    /// `admit` says of how many bytes a body may be, or refuses: before anything of it is read.
    private func route(
        _ path: String, _ router: Router<GatewayContext>, admit: @escaping @Sendable (Standing) throws -> Int,
        work: @escaping @Sendable (Standing, [UInt8]) async throws -> JSON
    ) {
        router.post(RouterPath(path)) { request, context in
            await nodes.authorized(request, context, path: path) { token, _, now in
                let standing = try await standing(of: token, now: now)
                do {
                    let limit = try admit(standing)
                    let body: ByteBuffer
                    do { body = try await request.body.collect(upTo: limit) } catch {
                        throw OAuthFailure(.invalidRequest, "the body is larger than \(limit) bytes")
                    }
                    return Answer.json(try await work(standing, Array(body.readableBytesView)))
                } catch let refusal as ControlServices.Refusal {
                    let failure = OAuthFailure(refusal.name, refusal.explanation, retryAfter: refusal.retryAfter)
                    log(failure, path, standing)
                    throw failure
                } catch let failure as OAuthFailure {
                    log(failure, path, standing)
                    throw failure
                }
            }
        }
    }

    /// What is refused for coming too fast is no news each time.
    private func log(_ failure: OAuthFailure, _ path: String, _ standing: Standing) {
        services.logger.log(
            level: failure.retryAfter == nil ? .notice : .info, "refused",
            metadata: [
                "path": "\(path)", "person": "\(standing.caller.label)", "error": "\(failure.name.rawValue)",
                "reason": "\(failure.description.prefix(300))",
            ])
    }

    private static func allow(_ wait: Int?) throws(OAuthFailure) {
        guard let wait else { return }
        throw OAuthFailure(.temporarilyUnavailable, "too much was asked: go on in \(wait) s", retryAfter: wait)
    }

    private static func members(_ body: [UInt8], limit: Int) throws -> JSONMembers {
        do { return try JSONMembers(parsing: body, maximumBytes: limit) } catch {
            throw OAuthFailure(.invalidRequest, "the body is no JSON object")
        }
    }

    /// Seconds by which a provider's clock may be ahead of ours.
    private static let skew = 60

    /// Who asks, as the records have it now: an access token may be five minutes old.
    private struct Standing: Sendable {
        var caller: ControlServices.Caller
        var isAdministrator: Bool
        var mfaAt: Int?
        var now: Int
    }

    private func standing(of token: AccessToken, now: Int) async throws -> Standing {
        let found = try await services.store.read { reader -> (Session, PersonRecord, Set<GroupName>)? in
            guard let session = try reader.session(token.session), session.isActive(at: now),
                session.device == token.device, session.person == token.person,
                let person = try reader.person(session.person), person.isActive
            else { return nil }
            return (session, person, Set(try reader.memberships(of: person.id).keys))
        }
        guard let (session, person, memberships) = found else {
            throw OAuthFailure(.invalidToken, "the session is over: sign in again with `ztna login`")
        }
        // An identity provider names administrators among its own people only.
        let selectors = configuration.provider(person.provider)?.admins ?? []
        let groups = selectors.isEmpty ? [] : await control.groups?(person, memberships) ?? memberships
        return Standing(
            caller: ControlServices.Caller(
                session: session.id, person: person.id, device: session.device,
                label: person.email?.text ?? person.displayName),
            isAdministrator: person.isAdministrator(by: selectors, groups: groups), mfaAt: session.mfaAt, now: now)
    }

    private func requireRecentSignIn(_ standing: Standing) throws(OAuthFailure) {
        guard let age = configuration.administratorsMFA else { return }
        // One that is to come is none: our clock was set back, or the provider's is wrong.
        guard let mfaAt = standing.mfaAt, (-Self.skew...age).contains(standing.now - mfaAt) else {
            let caller = standing.caller
            try Self.allow(limits.giveCommand(caller.person, now: standing.now))
            services.audit.record(
                AuditEvent(
                    .administration, "administration", .refused, at: standing.now,
                    actor: .person(caller.person, label: caller.label), session: caller.session.text,
                    device: caller.device.thumbprint, reason: "second-factor-too-old"))
            throw OAuthFailure(
                .insufficientUserAuthentication,
                "administration needs a second factor that is at most \(age) s old: run `ztna login --step-up`",
                maxAge: age)
        }
    }
}

extension PersonRecord {
    /// By the address that their provider vouches for, or by a group that they are in now, whoever says so.
    func isAdministrator(by selectors: [AdminSelector], groups: Set<GroupName>) -> Bool {
        selectors.contains { selector in
            switch selector {
            case .user(let address): email == address
            case .group(let group): groups.contains(group)
            }
        }
    }
}
