import Audit
import Cryptography
import Identity
import SignedDocuments
import Store
import Testing

/// Events that differ in everything that can be asked for.
private func event(_ number: Int) -> AuditEvent {
    let streams = AuditEvent.Stream.allCases
    let outcomes = AuditEvent.Outcome.allCases
    var event = AuditEvent(
        streams[number % streams.count], "action-\(number % 4)", outcomes[number % outcomes.count], at: 1000 + number,
        actor: .person(id: "p\(number % 6)", label: "person-\(number % 3)@example.com"), host: "host-\(number % 5)",
        rule: number % 2 == 0 ? "rule-\(number % 4)" : nil)
    if number % 7 == 0 { event.receivedAt = 1000 + number + 3600 }
    return event
}

private let key: Ed25519PrivateKey? = {
    var seed = [UInt8](repeating: 1, count: 32)
    return try? Ed25519PrivateKey(taking: &seed)
}()

extension Store {
    /// Appends as the server does: records and the signed head in one transaction.
    fileprivate func append(_ events: [AuditEvent]) async throws {
        let key = try #require(key)
        try await write { records in
            var chain = try records.auditChain()
            try records.append(events.map { chain.append($0) }, of: events)
            let head = AuditMark(head: chain, bytes: nil, issuedAt: 1)
            try records.setAuditMark(head, document: try head.signed(by: key))
        }
    }

    fileprivate func sequences(_ query: AuditQuery = AuditQuery(), after: Int = 0, limit: Int = 1000) async throws
        -> [Int]
    {
        try await read { try $0.auditRecords(matching: query, after: after, limit: limit).map(\.sequence) }
    }

    fileprivate func findings() async throws -> [ChainVerification.Finding] {
        let key = try #require(key).publicKey
        return try await read { records in
            var verification = ChainVerification(
                base: try records.auditMark(.base), head: try records.auditMark(.head), keys: [key.thumbprint: key])
            for record in try records.auditRecords(matching: AuditQuery(), after: 0, limit: .max) {
                verification.check(record)
            }
            verification.finish()
            return verification.findings
        }
    }

    /// Deletes the oldest ones, up to and with this one.
    fileprivate func forget(through sequence: Int) async throws -> Int {
        let key = try #require(key)
        return try await write { records in
            let oldest = try records.auditRecords(matching: AuditQuery(), after: sequence - 1, limit: 1)
            let last = try #require(oldest.first)
            let base = AuditMark(.base, sequence: last.sequence, hash: last.hash, bytes: nil, issuedAt: 1)
            return try records.deleteAuditRecords(throughBase: base, document: try base.signed(by: key))
        }
    }
}

let auditPromises = [
    StorePromise("evidence comes back as it was written, in a chain without faults") { store async throws in
        #expect(try await store.read { try $0.auditChain() } == AuditChain())
        let events = (0..<60).map(event)
        try await store.append(Array(events.prefix(25)))
        try await store.append(Array(events.dropFirst(25)))
        let records = try await store.read { try $0.auditRecords(matching: AuditQuery(), after: 0, limit: 100) }
        #expect(try records.map { try $0.event() } == events)
        #expect(records.map(\.sequence) == Array(1...60))
        #expect(try await store.findings() == [])
        #expect(try await store.read { try $0.auditBytes() } == records.reduce(0) { $0 + $1.body.count })
        #expect(try await store.sequences(after: 50, limit: 3) == [51, 52, 53])
        let last = try await store.read { try $0.auditRecords(matching: AuditQuery(), last: 4).map(\.sequence) }
        #expect(last == [57, 58, 59, 60])
    },
    StorePromise("evidence is found by every question as by reading it all") { store async throws in
        let events = (0..<120).map(event)
        try await store.append(events)
        var questions: [AuditQuery] = []
        for number in 0..<64 {
            var query = AuditQuery()
            if number & 1 != 0 { query.stream = AuditEvent.Stream.allCases[number % 3] }
            if number & 2 != 0 { query.users = ["PERSON-\(number % 3)@example.com", "p9", "p\(number % 6)"] }
            if number & 4 != 0 { query.hosts = ["host-\(number % 5)", "100.64.0.1"] }
            if number & 8 != 0 { query.outcome = AuditEvent.Outcome.allCases[number % 5] }
            if number & 16 != 0 { query.rule = "rule-\(number % 4)" }
            if number & 32 != 0 { query.action = "action-\(number % 4)" }
            if number % 3 == 0 { query.since = 1010 + number }
            if number % 5 == 0 { query.until = 1100 }
            questions.append(query)
        }
        for query in questions {
            let expected = events.indices.filter { events[$0].answers(query) }.map { $0 + 1 }
            #expect(try await store.sequences(query) == expected)
            #expect(
                try await store.sequences(query, after: 40, limit: 2) == Array(expected.filter { $0 > 40 }.prefix(2)))
            let last = try await store.read { try $0.auditRecords(matching: query, last: 3).map(\.sequence) }
            #expect(last == Array(expected.suffix(3)))
        }
    },
    StorePromise("evidence that does not continue the chain is a conflict") { store async throws in
        try await store.append([event(1)])
        for start in [0, 2] {
            await #expect(throws: StoreError.conflict) {
                try await store.write { records in
                    var chain = AuditChain(sequence: start)
                    try records.append([chain.append(event(1))], of: [event(1)])
                }
            }
        }
        #expect(try await store.sequences() == [1])
    },
    StorePromise("evidence leaves from the beginning, and the chain goes on") { store async throws in
        try await store.append((0..<20).map(event))
        try await store.append((1..<3).map(event))
        #expect(try await store.forget(through: 5) == 5)
        #expect(try await store.sequences().first == 6)
        #expect(try await store.findings() == [])
        var query = AuditQuery()
        query.action = "action-0"
        #expect(try await store.sequences(query).first == 9)
        #expect(try await store.forget(through: 22) == 17)
        #expect(try await store.sequences() == [])
        #expect(try await store.read { try $0.auditBytes() } == 0)
        #expect(try await store.findings() == [])
        try await store.append([event(3)])
        #expect(try await store.sequences() == [23])
        #expect(try await store.findings() == [])
    },
    StorePromise("an export's place and an upload's name are remembered") { store async throws in
        #expect(try await store.read { try $0.auditPlace(of: "siem") } == nil)
        for place in [3, 7] {
            try await store.write {
                try $0.setAuditPlace(AuditPlace(of: "siem", sequence: place), document: "\(place)")
            }
        }
        #expect(try await store.read { try $0.auditPlace(of: "siem") } == "7")
        #expect(try await store.read { try $0.auditPlace(of: "other") } == nil)
        var random = RandomRecords(seed: 70)
        let (one, other) = (random.deviceID(), random.deviceID())
        for (device, batch, isNew) in [(one, "a", true), (one, "a", false), (one, "A", true), (other, "a", true)] {
            #expect(try await store.write { try $0.rememberUpload(batch, of: device, at: 5) } == isNew)
        }
        #expect(try await store.write { try $0.deleteUploads(before: 5, limit: 9) } == 0)
        #expect(try await store.write { try $0.deleteUploads(before: 6, limit: 2) } == 2)
        #expect(try await store.write { try $0.deleteUploads(before: 6, limit: 9) } == 1)
        #expect(try await store.write { try $0.rememberUpload("a", of: one, at: 5) })
    },
]
