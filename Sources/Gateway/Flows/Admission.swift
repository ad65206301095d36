internal import Cryptography
internal import Identity
internal import IdentityProviders
internal import Logging
internal import SCIM
internal import Sessions
internal import Store

/// Whether somebody for whom a provider vouches may come in, and as whom. Source: DESIGN §7.
enum Admission: Sendable {
    /// `user`: the provisioned user that they are from now on, where there is a directory.
    case admitted(PersonRecord, user: String?)
    case inactive(PersonRecord)
    /// The connection has a directory, and this person is not in it.
    case unknownToDirectory
    /// The directory's user has signed in as somebody else before.
    case takenInDirectory(user: String)

    var refusal: SignInRefusal? {
        switch self {
        case .admitted: nil
        case .inactive: .inactive
        case .unknownToDirectory, .takenInDirectory: .unknownToDirectory
        }
    }

    /// Nil: they may come in.
    var denial: DeviceAuthorization.Denial? {
        switch self {
        case .admitted: nil
        case .inactive: .inactive
        case .unknownToDirectory, .takenInDirectory: .unknownToDirectory
        }
    }

    var reason: String {
        switch self {
        case .admitted: "none"
        case .inactive: "the person is inactive"
        case .unknownToDirectory: "the connection has SCIM, and its directory knows no such person"
        case .takenInDirectory(let user):
            "the directory's user \(user) is already another account of this provider; delete and provision it anew to release it"
        }
    }
}

extension StoreReader {
    /// `links`: how a connection with SCIM matches; nil without SCIM.
    func admission(of signIn: SignIn, links: AccountLinks?, newID: PersonID, now: Int) throws -> Admission {
        let known = try person(provider: signIn.provider, subject: signIn.subject)
        var person = try person(for: signIn, known: known, newID: newID, now: now)
        guard let links else { return person.isActive ? .admitted(person, user: nil) : .inactive(person) }
        if let known, let user = try user(ofPerson: known.id) {
            return user.isActive && person.isActive ? .admitted(person, user: user.id) : .inactive(person)
        }
        guard let user = try links.user(for: signIn, in: self) else { return .unknownToDirectory }
        if try self.person(ofUser: user.id, of: signIn.provider) != nil { return .takenInDirectory(user: user.id) }
        guard user.isActive else { return .inactive(person) }
        // Somebody whose user was deleted and has been made anew.
        person.isActive = true
        return .admitted(person, user: user.id)
    }

    private func person(
        for signIn: SignIn, known: PersonRecord?, newID: PersonID, now: Int
    ) throws -> PersonRecord {
        var person =
            known
            ?? PersonRecord(
                id: newID, provider: signIn.provider, subject: signIn.subject, email: nil, displayName: "",
                isActive: true, createdAt: now, lastSignInAt: nil)
        // What the provider no longer vouches for is no longer anybody's name.
        person.email = signIn.email
        person.displayName = signIn.displayName
        person.directoryID = signIn.directoryID ?? signIn.principal?.nameID
        person.lastSignInAt = now
        return person
    }
}

extension BrowserFlow {
    /// Keeps a verified sign-in until the person has confirmed the device; that of somebody who may not come in ends here.
    /// Nil when it is under way no more. What came of it is in the log.
    func authenticate(
        _ sent: DeviceAuthorization, _ signIn: SignIn, cookieHash: [UInt8], now: Int
    ) async throws -> Result<DeviceAuthorization, SignInRefusal>? {
        guard let newID = PersonID(services.randomness.identifier()) else { return nil }
        let links = configuration.accountLinks(signIn.provider)
        let outcome = try await services.store.write {
            transaction -> (admission: Admission, result: Result<DeviceAuthorization, SignInRefusal>)? in
            guard var authorization = try transaction.deviceAuthorization(sent.id) else { return nil }
            let admission = try transaction.admission(of: signIn, links: links, newID: newID, now: now)
            do throws(SignInRefusal) {
                if let denial = admission.denial {
                    try authorization.deny(denial, cookieHash: cookieHash, now: now)
                } else {
                    try authorization.authenticate(signIn, cookieHash: cookieHash, now: now)
                }
            } catch { return (admission, .failure(error)) }
            try transaction.save(authorization)
            return (admission, .success(authorization))
        }
        guard let (admission, result) = outcome else { return nil }
        if case .success(let authorization) = result { open.note(authorization) }
        if let refusal = note(admission, of: signIn, request: sent.id) { return .failure(refusal) }
        switch result {
        case .success(let authorization):
            services.recorder.note(.providerAnswered, of: authorization, remark: remark(on: signIn))
        case .failure(let refusal):
            services.recorder.note(.providerAnswered, of: sent, signIn: signIn, refused: refusal.reasonName)
        }
        return result
    }

    /// Ends the sign-in of somebody who may not come in, and says so in the log. Nil: they may.
    func turnAway(
        _ signIn: SignIn, from id: RecordID, cookieHash: [UInt8], now: Int
    ) async throws -> SignInRefusal? {
        guard let newID = PersonID(services.randomness.identifier()) else { return .outOfOrder }
        let links = configuration.accountLinks(signIn.provider)
        let admission = try await services.store.read {
            try $0.admission(of: signIn, links: links, newID: newID, now: now)
        }
        guard let refusal = note(admission, of: signIn, request: id) else { return nil }
        _ = try await deny(id, admission.denial ?? .person, cookieHash: cookieHash, now: now)
        return refusal
    }

    /// Says in the log why somebody may not come in. Nil: they may.
    private func note(_ admission: Admission, of signIn: SignIn, request id: RecordID) -> SignInRefusal? {
        let facts: Logger.Metadata = [
            "provider": "\(signIn.provider)", "subject": "\(SCIMText.printable(signIn.subject))",
        ]
        guard let refusal = admission.refusal else {
            if remark(on: signIn) != nil {
                services.logger.warning(
                    "the groups of a sign-in are not known, so none of them counts: \(UnknownGroups.remedy)",
                    metadata: facts)
            }
            if configuration.accountLinks(signIn.provider)?.groups == .scim, signIn.groups?.isEmpty == false {
                services.logger.info(
                    "the groups of a sign-in are not applied: on this connection they come from SCIM", metadata: facts)
            }
            return nil
        }
        services.recorder.note(
            .providerAnswered, ofRequest: id, signIn: signIn,
            refused: refusal.reasonName)
        services.logger.warning(
            "sign-in refused: \(admission.reason)",
            metadata: facts.merging(["email": "\(signIn.email?.text ?? "none")"]) { first, _ in first })
        return refusal
    }

    /// What the evidence of an accepted sign-in says beside that; nil: nothing.
    func remark(on signIn: SignIn) -> String? {
        configuration.lacksGroups(signIn) ? UnknownGroups.remark : nil
    }
}

/// A sign-in whose provider has more groups of the person than it sends: OIDC's `_claim_names`, Entra ID's `groups.link`.
enum UnknownGroups {
    /// As the evidence names it.
    static var remark: String { "groups-not-known: \(remedy)" }

    /// For the operator.
    static var remedy: String {
        "the provider has too many groups of this person to send them; have it send only those that are assigned to this "
            + "application, or connect SCIM"
    }

    /// For the person who signs in.
    static var notice: String {
        "You are in more groups than your organisation’s sign-in page can tell. What you may reach through a group stays "
            + "closed to you until an administrator has mended that."
    }
}

extension GatewayConfiguration {
    /// Whether groups of this sign-in would count, and which they are is not known.
    func lacksGroups(_ signIn: SignIn) -> Bool {
        signIn.groups == nil && accountLinks(signIn.provider)?.groups != .scim
    }

    /// Nil for a connection without SCIM.
    func accountLinks(_ id: ProviderID) -> AccountLinks? {
        provider(id)?.provisioning.map { AccountLinks(provider: id, matches: $0.matches, groups: $0.groups) }
    }
}
