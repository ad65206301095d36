internal import Identity
internal import SCIM
internal import Sessions
internal import Store

/// What a change of the directory does to people, sessions and the change log, in the transaction that makes it.
///
/// Active or not, and in which groups, are independent of each other. Only people who have signed in are concerned: the
/// change log names each once, so that what follows it touches their nodes alone.
struct DirectoryEffects {
    let links: AccountLinks
    let now: Int
    private let transaction: any StoreTransaction
    private var changed: [PersonID] = []
    /// Sessions that ended.
    private(set) var ended: [SessionID] = []

    init(_ links: AccountLinks, in transaction: any StoreTransaction, now: Int) {
        self.links = links
        self.transaction = transaction
        self.now = now
    }

    mutating func apply(_ effects: [SCIMEffect], in directory: ConnectionDirectory) throws {
        for effect in effects { try apply(effect, directory) }
        var seen: Set<PersonID> = []
        for person in changed where seen.insert(person).inserted {
            try transaction.appendChange(.person(person), at: now)
        }
    }

    private mutating func apply(_ effect: SCIMEffect, _ directory: ConnectionDirectory) throws {
        switch effect {
        case .userCreated(let id, _): try meet(id)
        case .userChanged(let id, let attributes):
            try meet(id)
            if attributes.contains("displayName") || attributes.contains("name") { try rename(id) }
        case .userDeactivated(let id):
            if let person = try person(id) { try setActive(person, false) }
        case .userReactivated(let id):
            if let person = try person(id) { try setActive(person, true) }
        case .userDeleted(let id, _):
            if let person = directory.departed[id] { try setActive(person, false) }
        case .groupRenamed(let id, _, _):
            changed += try transaction.peopleSignedIn(inGroup: id, of: links.provider)
        case .membersAdded(_, let users):
            for user in users { if let person = try person(user) { changed.append(person) } }
        case .groupDeleted(let group, let users), .membersRemoved(let group, let users):
            let dispersed = directory.dispersed[group]
            changed += dispersed?.signedIn ?? []
            for user in users where dispersed?.members.contains(user) != true {
                if let person = try person(user) { changed.append(person) }
            }
        case .groupCreated, .groupChanged: break
        }
    }

    private func person(_ user: String) throws -> PersonID? {
        try transaction.person(ofUser: user, of: links.provider)
    }

    /// A user who is nobody yet may be somebody who has signed in before.
    private mutating func meet(_ id: String) throws {
        guard try person(id) == nil, let user = try transaction.resource(.user, id: id, of: links.provider),
            let person = try links.person(for: user, in: transaction)
        else { return }
        try transaction.link(user: id, to: person.id, of: links.provider)
        changed.append(person.id)
        try setActive(person.id, user.isActive)
    }

    private mutating func setActive(_ id: PersonID, _ isActive: Bool) throws {
        guard var person = try transaction.person(id) else { return }
        if person.isActive != isActive {
            person.isActive = isActive
            try transaction.save(person)
            changed.append(id)
        }
        guard !isActive else { return }
        for var session in try transaction.openSessions(of: id) {
            session.end(.personInactive, now: now)
            try transaction.save(session)
            try transaction.appendChange(.session(session.id), at: now)
            ended.append(session.id)
        }
    }

    private mutating func rename(_ id: String) throws {
        guard let found = try person(id), var person = try transaction.person(found),
            let name = try transaction.resource(.user, id: id, of: links.provider)?.shownName,
            let shown = PersonName.cleaned(name), shown != person.displayName
        else { return }
        person.displayName = shown
        try transaction.save(person)
        changed.append(found)
    }
}

extension StoreTransaction {
    /// The directory's groups are the truth from now on: those of earlier sign-ins end.
    func link(user id: String, to person: PersonID, of provider: ProviderID) throws {
        try link(user: id, of: provider, to: person)
        try dropGroupsOfSignIns(person)
    }

    func dropGroupsOfSignIns(_ person: PersonID) throws {
        _ = try setMemberships(of: person, source: .tokenClaim, to: [])
        _ = try setMemberships(of: person, source: .samlAttribute, to: [])
    }
}

/// A name as people may see it: no controls, no invisible characters, at most 128 characters.
enum PersonName {
    static func cleaned(_ text: String) -> String? {
        let visible = text.unicodeScalars.filter {
            $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        let words = String(String.UnicodeScalarView(visible)).split(whereSeparator: \.isWhitespace)
        let cleaned = String(words.joined(separator: " ").prefix(128))
        return cleaned.isEmpty || cleaned.utf8.count > 1_024 ? nil : cleaned
    }
}
