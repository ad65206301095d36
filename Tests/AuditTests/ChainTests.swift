import Audit
import Cryptography
import SignedDocuments
import StrictJSON
import Testing

@Suite struct `A chain of records` {
    private static func findings(
        _ records: [AuditRecord], base: String? = nil, head: String?, witnesses: [String] = [],
        key: Ed25519PrivateKey? = nil
    ) throws -> [ChainVerification.Finding] {
        let key = try (key ?? Samples.key(1)).publicKey
        var verification = ChainVerification(
            base: base, head: head, witnesses: witnesses, keys: [key.thumbprint: key])
        for record in records { verification.check(record) }
        verification.finish()
        return verification.findings
    }

    private static func mark(_ kind: AuditMark.Kind, _ record: AuditRecord?, by byte: UInt8 = 1) throws -> String {
        try AuditMark(
            kind, sequence: record?.sequence ?? 0, hash: record?.hash ?? [UInt8](repeating: 0, count: 32), bytes: 0,
            issuedAt: 5
        ).signed(by: Samples.key(byte))
    }

    /// The first twenty, with their signed head.
    private static func signed() throws -> ([AuditRecord], String) {
        let records = Samples.chain(20)
        return (records, try mark(.head, records.last))
    }

    /// As if somebody with the file had made them himself.
    private static func rehashed(_ records: [AuditRecord]) throws -> [AuditRecord] {
        var chain = AuditChain()
        return try records.map { chain.append(try $0.event()) }
    }

    @Test func `is good as it was written`() throws {
        let (records, head) = try Self.signed()
        #expect(try Self.findings(records, head: head) == [])
        #expect(try Self.findings([], head: Self.mark(.head, nil)) == [])
        #expect(try Self.findings([], head: nil) == [])
        #expect(try records.map { try $0.event() }.count == 20)
    }

    @Test(arguments: 0..<20)
    func `shows a changed record, also one whose hash was made to fit`(_ place: Int) throws {
        var (records, head) = try Self.signed()
        let old = records[place]
        let body = Array(String(decoding: old.body, as: UTF8.self).replacing("\"time\":", with: "\"time\":1").utf8)
        records[place] = AuditRecord(sequence: old.sequence, body: body, hash: old.hash)
        #expect(try Self.findings(records, head: head) == [.changed(sequence: place + 1)])
        var chain = AuditChain(
            sequence: place, hash: place == 0 ? AuditChain().hash : records[place - 1].hash)
        records[place] = chain.append(try records[place].event())
        #expect(
            try Self.findings(records, head: head) == [place == 19 ? .headDiffers : .changed(sequence: place + 2)])
        let all = try Self.rehashed(records)
        #expect(try Self.findings(all, head: head) == [.headDiffers])
    }

    @Test(arguments: 0..<20)
    func `shows a removed record, also where the rest was numbered anew`(_ place: Int) throws {
        var (records, head) = try Self.signed()
        records.remove(at: place)
        #expect(try Self.findings(records, head: head) == [.missing(from: place + 1, through: place + 1)])
        #expect(try Self.findings(Self.rehashed(records), head: head) == [.missing(from: 20, through: 20)])
    }

    @Test(arguments: 0..<19)
    func `shows records that changed places`(_ place: Int) throws {
        var (records, head) = try Self.signed()
        let (one, other) = (records[place], records[place + 1])
        // The rows where they were, their contents exchanged.
        records[place] = AuditRecord(sequence: one.sequence, body: other.body, hash: other.hash)
        records[place + 1] = AuditRecord(sequence: other.sequence, body: one.body, hash: one.hash)
        #expect(try Self.findings(records, head: head).contains(.changed(sequence: place + 1)))
        // The rows themselves, read in their new order.
        records = Samples.chain(20)
        records.swapAt(place, place + 1)
        #expect(
            try Self.findings(records, head: head).prefix(2) == [
                .missing(from: place + 1, through: place + 1), .misplaced(sequence: place + 1),
            ])
    }

    @Test func `shows inserted, repeated and appended records, and a cut end`() throws {
        let (records, head) = try Self.signed()
        let more = Samples.chain(22)
        #expect(try Self.findings(more, head: head) == [.beyondHead(from: 21)])
        #expect(
            try Self.findings(Array(records.prefix(17)), head: head) == [.missing(from: 18, through: 20)])
        #expect(
            try Self.findings(Array(records[..<5]) + Array(records[4...]), head: head) == [.misplaced(sequence: 5)])
        var inserted = try records.map { try $0.event() }
        inserted.insert(Samples.signIn, at: 7)
        var chain = AuditChain()
        #expect(try Self.findings(inserted.map { chain.append($0) }, head: head) == [.beyondHead(from: 21)])
        let far = AuditRecord(sequence: .max, body: [], hash: [])
        #expect(try Self.findings(records + [far], head: head).count == 2)
    }

    @Test func `may lose its beginning to retention, and to nobody else`() throws {
        let (records, head) = try Self.signed()
        let rest = Array(records[8...])
        let base = try Self.mark(.base, records[7])
        #expect(try Self.findings(rest, base: base, head: head) == [])
        #expect(try Self.findings([], base: Self.mark(.base, records.last), head: head) == [])
        #expect(try Self.findings(rest, head: head) == [.missing(from: 1, through: 8)])
        #expect(try Self.findings(Array(records[9...]), base: base, head: head) == [.missing(from: 9, through: 9)])
        for wrong in [try Self.mark(.base, records[7], by: 2), try Self.mark(.head, records[7]), "x"] {
            #expect(try Self.findings(rest, base: wrong, head: head).first == .base)
        }
    }

    @Test func `has no other head than the control key's`() throws {
        let (records, head) = try Self.signed()
        for wrong in [try Self.mark(.head, records[19], by: 2), try Self.mark(.base, records[19]), "x", ""] {
            #expect(try Self.findings(records, head: wrong) == [.head])
        }
        #expect(try Self.findings(records, head: nil) == [.head])
        #expect(try Self.findings(records, head: head, key: Samples.key(3)) == [.head])
        let other = try SignedDocument.sign(["seq": 20], type: .controlKey, by: Samples.key(1))
        #expect(try Self.findings(records, head: other) == [.head])
    }

    @Test func `cannot go back behind a head that was kept elsewhere`() throws {
        let (records, head) = try Self.signed()
        let witness = try Self.mark(.head, records[14])
        #expect(try Self.findings(records, head: head, witnesses: [witness, head]) == [])
        let earlier = Array(records.prefix(10))
        #expect(
            try Self.findings(earlier, head: Self.mark(.head, earlier.last), witnesses: [witness])
                == [.witness(sequence: 15)])
        var other = try records.map { try $0.event() }
        other[3].action = "x"
        var chain = AuditChain()
        let forged = other.map { chain.append($0) }
        #expect(
            try Self.findings(forged, head: Self.mark(.head, forged.last), witnesses: [witness])
                == [.witness(sequence: 15)])
        #expect(try Self.findings(records, head: head, witnesses: ["x"]) == [.witness(sequence: 0)])
    }

    @Test func `is the same after a way through JSON lines`() throws {
        let (records, head) = try Self.signed()
        let read = try records.map { try AuditRecord(json: JSON(parsing: $0.json().encoded())) }
        #expect(read == records)
        #expect(try Self.findings(read, head: head) == [])
        for text in ["{}", #"{"sequence":1}"#, #"{"sequence":1,"hash":"00"}"#, "[]"] {
            let json = try JSON(parsing: Array(text.utf8))
            #expect(throws: AuditError.unreadable) { try AuditRecord(json: json) }
        }
        #expect(throws: AuditError.unreadable) { try AuditRecord(sequence: 1, body: [0xFF], hash: []).json() }
    }

    @Test func `may be shown in part, from any record on`() throws {
        let (records, head) = try Self.signed()
        let key = try Samples.key(1).publicKey
        func findings(_ part: [AuditRecord], _ witnesses: [String]) throws -> [ChainVerification.Finding] {
            var verification = ChainVerification(
                from: try #require(part.first), witnesses: witnesses, keys: [key.thumbprint: key])
            for record in part.dropFirst() { verification.check(record) }
            verification.finish()
            return verification.findings
        }
        var part = Array(records[5..<15])
        #expect(try findings(part, []) == [])
        #expect(try findings(part, [Self.mark(.head, records[5]), Self.mark(.head, records[9])]) == [])
        #expect(try findings(part, [head]) == [.witness(sequence: 20)])
        #expect(try findings(part, ["x"]) == [.witness(sequence: 0)])
        part.remove(at: 4)
        #expect(try findings(part, []) == [.missing(from: 10, through: 10)])
    }

    @Test func `says every finding in words, and no more than a hundred`() throws {
        let words: [ChainVerification.Finding] = [
            .changed(sequence: 1), .misfiled(sequence: 1), .missing(from: 1, through: 1), .missing(from: 1, through: 2),
            .misplaced(sequence: 1), .beyondHead(from: 1), .base, .head, .headDiffers, .witness(sequence: 0),
            .witness(sequence: 1), .index,
        ]
        #expect(Set(words.map(\.description)).count == words.count)
        let records = (1...1000).map { AuditRecord(sequence: $0 * 2, body: [], hash: []) }
        #expect(try Self.findings(records, head: nil).count == ChainVerification.maximumFindings)
    }
}
