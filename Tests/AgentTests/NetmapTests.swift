import Agent
import Cryptography
import Enforcement
import Identity
import SignedDocuments
import Testing
import Wire

@Suite struct `A netmap` {
    let documents: Documents
    let device: Ed25519PrivateKey
    let wireGuardKey: X25519PublicKey
    let own: String

    init() throws {
        documents = try Documents()
        device = try Ed25519PrivateKey(from: .system)
        wireGuardKey = try X25519PrivateKey(from: .system).publicKey
        own = try documents.authorization(
            1, device: device.publicKey, registration: documents.registration(device, wireGuardKey))
    }

    private func empty() -> Netmap {
        Netmap(
            trust: Netmap.Trust(
                keys: documents.keys, server: documents.server, device: device.publicKey, wireGuardKey: wireGuardKey))
    }

    private func snapshot(_ peers: [NodeID: String] = [:], sequence: Int = 5, policyAt: Int = 0) throws -> NetmapMessage
    {
        .snapshot(
            epoch: "e", sequence: sequence, own: own, peers: peers,
            policy: try documents.policy(for: 1, issuedAt: policyAt))
    }

    @Test func `follows random changes as a model does, however messages are repeated`() throws {
        let pool = try (2...9).map { (try Documents.id($0), try documents.peer($0)) }
        for seed in 0..<20 {
            var numbers = SystemRandomNumberGenerator()
            var netmap = empty()
            var model: [NodeID: String] = [:]
            var sequence = seed
            _ = try netmap.apply(snapshot(sequence: sequence), now: 0)
            for _ in 0..<40 {
                let (node, text) = pool[Int.random(in: 0..<pool.count, using: &numbers)]
                let isRemoval = Bool.random(using: &numbers)
                model[node] = isRemoval ? nil : text
                sequence += 1
                let delta = NetmapMessage.delta(
                    sequence: sequence, own: nil, changed: isRemoval ? [:] : [node: text],
                    removed: isRemoval ? [node] : [], policy: nil)
                #expect(try netmap.apply(delta, now: 0) == .changed)
                if Bool.random(using: &numbers) { #expect(try netmap.apply(delta, now: 0) == .unchanged) }
                if Int.random(in: 0..<10, using: &numbers) == 0 {
                    _ = try netmap.apply(snapshot(model, sequence: sequence), now: 0)
                }
                #expect(Set(netmap.view?.peers.keys.map { $0 } ?? []) == Set(model.keys))
            }
            #expect(netmap.sequence == sequence)
        }
    }

    @Test func `asks anew where a message is missing`() throws {
        var netmap = empty()
        let delta = NetmapMessage.delta(sequence: 7, own: nil, changed: [:], removed: [], policy: nil)
        #expect(throws: NetmapError.gap) { try netmap.apply(delta, now: 0) }
        _ = try netmap.apply(snapshot(), now: 0)
        #expect(throws: NetmapError.gap) { try netmap.apply(delta, now: 0) }
        #expect(throws: NetmapError.gap) { try netmap.apply(.heartbeat(sequence: 6, time: 0), now: 0) }
        #expect(try netmap.apply(.heartbeat(sequence: 5, time: 0), now: 0) == .unchanged)
    }

    @Test func `refuses an authorization of ours for another device key`() throws {
        let other = try Ed25519PrivateKey(from: .system)
        let text = try documents.authorization(
            1, device: other.publicKey, registration: documents.registration(other, wireGuardKey))
        try refuses(own: text, with: .notForUs("cnf"))
    }

    @Test func `refuses an authorization of ours for another WireGuard key`() throws {
        let key = try X25519PrivateKey(from: .system).publicKey
        let text = try documents.authorization(
            1, device: device.publicKey, registration: documents.registration(device, key))
        try refuses(own: text, with: .notForUs("wg"))
    }

    @Test func `refuses an authorization of ours by a foreign key, from another server, or over`() throws {
        let registration = try documents.registration(device, wireGuardKey)
        let foreign = try Ed25519PrivateKey(from: .system)
        try refuses(
            own: documents.authorization(1, device: device.publicKey, registration: registration, by: foreign),
            with: .document(.document(.unknownKey)))
        try refuses(
            own: documents.authorization(
                1, device: device.publicKey, registration: registration, issuer: "https://other.example.com"),
            with: .document(.mismatch("iss")))
        try refuses(
            own: documents.authorization(1, device: device.publicKey, registration: registration, expiresAt: -100),
            with: .document(.document(.expired)))
    }

    private func refuses(own text: String, with error: NetmapError) throws {
        var netmap = empty()
        let policy = try documents.policy(for: 1)
        #expect(throws: error) {
            try netmap.apply(.snapshot(epoch: "e", sequence: 1, own: text, peers: [:], policy: policy), now: 0)
        }
        #expect(netmap.view == nil && netmap.epoch == nil)
    }

    @Test func `refuses a policy for another node, and one older than the one in force`() throws {
        var netmap = empty()
        let foreign = try documents.policy(for: 2)
        #expect(throws: NetmapError.document(.mismatch("sub"))) {
            try netmap.apply(.snapshot(epoch: "e", sequence: 1, own: own, peers: [:], policy: foreign), now: 0)
        }
        _ = try netmap.apply(snapshot(policyAt: 50), now: 0)
        let older = try documents.policy(for: 1, issuedAt: 49)
        #expect(throws: NetmapError.olderPolicy) {
            try netmap.apply(.delta(sequence: 6, own: nil, changed: [:], removed: [], policy: older), now: 0)
        }
        #expect(netmap.view?.policyIssuedAt == 50 && netmap.sequence == 5)
    }

    @Test func `leaves out a peer that does not verify, and keeps the others`() throws {
        var netmap = empty()
        let (good, bad) = (try Documents.id(2), try Documents.id(3))
        let foreign = try Ed25519PrivateKey(from: .system)
        _ = try netmap.apply(
            snapshot([good: documents.peer(2), bad: documents.peer(3, by: foreign)]), now: 0)
        #expect(netmap.view?.peers.keys.map { $0 } == [good])
        #expect(netmap.refused == [bad: .document(.unknownKey)])
    }

    @Test func `drops a peer whose renewal does not verify`() throws {
        var netmap = empty()
        let node = try Documents.id(2)
        _ = try netmap.apply(snapshot([node: documents.peer(2)]), now: 0)
        let foreign = try documents.peer(2, by: Ed25519PrivateKey(from: .system))
        _ = try netmap.apply(
            .delta(sequence: 6, own: nil, changed: [node: foreign], removed: [], policy: nil), now: 0)
        #expect(netmap.view?.peers.isEmpty == true)
    }

    @Test func `refuses a peer under another's name`() throws {
        var netmap = empty()
        let node = try Documents.id(3)
        _ = try netmap.apply(snapshot([node: documents.peer(2)]), now: 0)
        #expect(netmap.refused == [node: .mismatch("sub")])
    }

    @Test func `says that the session is over`() throws {
        var netmap = empty()
        #expect(try netmap.apply(.ended(reason: "revoked"), now: 0) == .ended(reason: "revoked"))
    }
}
