internal import AccessPolicy
package import Cryptography
package import Identity
internal import Logging
internal import Sessions
internal import SignedDocuments
internal import Store
package import Wire

/// How a device under a session becomes a node.
extension Coordinator {
    /// Verifies the registration, writes the node, and answers with its signed authorization, which is in the netmaps of
    /// those who may see it when this returns.
    ///
    /// `device` is the key that the request was proven with. Errors: `sessionEnded`, `deviceMismatch`, `personMismatch`,
    /// `personInactive`, `registrationRefused`, `hostNameRefused`, `staleRegistration`, `wireGuardKeyInUse`,
    /// `addressesExhausted`, `signing`, `store`, `notStarted`, `randomness`.
    package func register(
        session: SessionID, person: PersonID, device: Ed25519PublicKey, registration: String
    ) async throws(CoordinatorError) -> RegistrationResponse {
        do {
            let entry = try verified(session: session, person: person, device: device, registration: registration)
            let (id, authorization, withheld) = try await admit(entry)
            lastSeen[id] = clock()
            if let withheld {
                logger.notice(
                    "a device calls itself as the policy calls another: it gets another name until an administrator gives it this one",
                    metadata: metadata(of: id).merging(["name": "\(withheld)"]) { $1 })
            }
            return RegistrationResponse(node: id.text, authorization: authorization, withheldName: withheld?.text)
        } catch {
            logger.warning(
                "registration refused",
                metadata: [
                    "session": "\(session)", "person": "\(person)", "device": "\(device.thumbprint)",
                    "reason": "\(error.explanation)",
                ])
            throw error
        }
    }

    private func verified(
        session: SessionID, person: PersonID, device: Ed25519PublicKey, registration text: String
    ) throws(CoordinatorError) -> NodeLifecycle.Entry {
        guard let id = DeviceID(device.thumbprint) else { throw .deviceMismatch }
        let registration: NodeRegistration
        do {
            registration = try NodeRegistration(verifying: text, device: device, server: configuration.serverURL)
        } catch .malformed("host") { throw .hostNameRefused } catch { throw .registrationRefused(error) }
        // One from the future would shut out every later one.
        guard registration.issuedAt <= clock() + Validity.skew else {
            throw .registrationRefused(.document(.notYetValid))
        }
        return NodeLifecycle.Entry(
            session: session, person: person, device: id, deviceKey: device, registration: registration, document: text)
    }

    /// Plans from memory, and writes if the store still is as the plan assumed.
    private func admit(
        _ entry: NodeLifecycle.Entry
    ) async throws(CoordinatorError) -> (NodeID, String, withheld: HostName?) {
        guard let pool else { throw .notStarted }
        for _ in 0..<Self.maximumTries {
            let mayTakeReserved = try await mayTakeReserved(entry)
            let plan = try plan(entry, pool: pool, mayTakeReserved: mayTakeReserved)
            let now = clock()
            do throws(CoordinatorError) {
                guard let (facts, asOf) = try await write({ try plan.carryOut(in: $0, now: now) }) else {
                    throw CoordinatorError.store(.conflict)
                }
                guard let facts else { throw CoordinatorError.addressesExhausted }
                settle(facts, asOf: asOf, now: now)
                written[.node(facts.record.id)] = asOf
                if let session = facts.session {
                    sessionDeadlines.set(session.id, at: session.expiresAt)
                    written[.session(session.id)] = asOf
                }
                flush(now: now)
                giveBack(plan)
                let id = facts.record.id
                guard let node = mesh.nodes[id], node.facts.session?.id == entry.session else {
                    throw unsigned.contains(id) ? CoordinatorError.signing("see the log") : .sessionEnded
                }
                return (id, node.authorization, plan.host.withheld)
            } catch {
                giveBack(plan)
                guard error == .store(.conflict) else { throw error }
                try await catchUp()
            }
        }
        throw .store(.conflict)
    }

    /// Whether this device may be called as the policy calls one. Only asked of the store where it matters.
    private func mayTakeReserved(_ entry: NodeLifecycle.Entry) async throws(CoordinatorError) -> Bool {
        let current = directory.node(device: entry.device)?.record.host
        guard
            directory.names.asksForReserved(
                wish: entry.registration.hostName, device: entry.device, current: current)
        else { return false }
        let found = try await read { reader in
            try reader.person(entry.person).map { ($0, Set(try reader.memberships(of: $0.id).keys)) }
        }
        guard let (person, groups) = found, person.isActive else { return false }
        return isAdministrator(person, policy.localGroups.enriched(Principal(of: person, groups: groups)).groups)
    }

    private func plan(
        _ entry: NodeLifecycle.Entry, pool: AddressPool, mayTakeReserved: Bool
    ) throws(CoordinatorError) -> RegistrationPlan {
        let basis = directory.node(device: entry.device)?.record
        guard let id = NodeID(randomness.identifier()) else { throw .randomness }
        let key = entry.registration.wireGuardKey.bytes
        guard directory.claim(key: key, for: entry.device) else { throw .wireGuardKeyInUse }
        do throws(CoordinatorError) {
            let current = basis.flatMap { basis in
                StoredRegistration(basis.registration).map { (host: basis.host, wish: $0.hostName) }
            }
            let host = try directory.names.choose(
                wish: entry.registration.hostName, for: entry.device, current: current,
                mayTakeReserved: mayTakeReserved)
            return RegistrationPlan(entry: entry, basis: basis, newID: id, host: host, pool: pool)
        } catch {
            directory.release(key: key, name: nil, of: entry.device)
            throw error
        }
    }

    /// What the plan claimed and the node does not have.
    private func giveBack(_ plan: RegistrationPlan) {
        directory.release(
            key: plan.entry.registration.wireGuardKey.bytes, name: plan.host.name, of: plan.entry.device)
    }
}

/// One registration, ready to be written if the device's node still is what it was when the plan was made.
private struct RegistrationPlan: Sendable {
    let entry: NodeLifecycle.Entry
    let basis: NodeRecord?
    let newID: NodeID
    let host: HostNames.Choice
    let pool: AddressPool

    /// Nil when the node is another than `basis`; facts are nil when no address was free.
    func carryOut(in transaction: any StoreTransaction, now: Int) throws -> (facts: NodeFacts?, asOf: Int)? {
        guard let session = try transaction.session(entry.session), session.isActive(at: now) else {
            throw CoordinatorError.sessionEnded
        }
        guard session.device == entry.device else { throw CoordinatorError.deviceMismatch }
        guard session.person == entry.person else { throw CoordinatorError.personMismatch }
        guard let person = try transaction.person(entry.person), person.isActive else {
            throw CoordinatorError.personInactive
        }
        let existing = try transaction.node(device: entry.device)
        guard existing == basis else { return nil }
        let holder = try existing?.session.flatMap { try transaction.session($0) }?.person
        var lifecycle = NodeLifecycle(node: existing, holder: holder)
        guard let place = try lifecycle.place ?? newPlace(in: transaction, now: now) else { return (nil, 0) }
        try lifecycle.register(entry, host: host.name, newPlace: place, now: now)
        guard let record = lifecycle.node else { return nil }
        if record != existing {
            try transaction.save(record)
            try transaction.appendChange(.node(record.id), at: now)
        }
        let facts = try NodeFacts(record, session: session, person: person, from: transaction)
        return (facts, try transaction.lastChangeSequence())
    }

    private func newPlace(in transaction: any StoreTransaction, now: Int) throws -> NodeLifecycle.Place? {
        guard let (ipv4, ipv6) = try pool.allocate(in: transaction, now: now) else { return nil }
        return NodeLifecycle.Place(id: newID, ipv4: ipv4, ipv6: ipv6)
    }
}
