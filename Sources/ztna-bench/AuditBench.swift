import ArgumentParser
import Audit
import Auditing
import Cryptography
import Identity
import Logging
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Wire

/// What connection attempts cost the server: read, chained, signed, filed and durable; and what it costs to verify them.
struct AuditBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Store connection attempts as agents hand them in, and verify the chain.")

    @Option(help: "Attempts stored one batch after the other, and again as many by many at once.") var records = 100_000
    @Option(help: "Devices that hand in batches.") var devices = 64
    @Option(help: "Batches under way at once.") var crowd = 16
    @OptionGroup var output: Output

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/audit.sqlite"
        let store = try SQLiteStore(path: file)
        let group = "staff"
        try await Population(server: "https://ztna.example.com", group: group).settle(devices, in: store)
        let reporters = try await store.read { try $0.openSessions() }.map {
            AttemptReporter(person: $0.person, label: "person@example.com", device: $0.device)
        }
        let signer = try Ed25519PrivateKey(from: .system)
        var key = Randomness.system.bytes(32)
        let log = AuditLog(
            store: store, signer: signer, pseudonyms: try Pseudonyms(taking: &key), configuration: AuditConfiguration(),
            clock: { Clocks.epoch }, logger: Logger(label: "ztna-bench") { _ in SwiftLogNoOpLogHandler() })
        var batches = try (0..<max(1, records / AttemptBatch.largestCount)).map(AttemptSamples.batch)
        let single = try await Spent.on {
            for (place, batch) in batches.enumerated() {
                try await log.take(batch, from: reporters[place % reporters.count])
            }
        }
        batches = try batches.indices.map { try AttemptSamples.batch(batches.count + $0) }
        let many = try await Spent.on { [batches, crowd] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (place, batch) in batches.enumerated() {
                    if place >= crowd { try await group.next() }
                    group.addTask { try await log.take(batch, from: reporters[place % reporters.count]) }
                }
                try await group.waitForAll()
            }
        }
        await store.close()
        let count = Double(batches.count * AttemptBatch.largestCount)
        let evidence = try BareEvidence(of: file)
        let floor = try evidence.write(to: directory.path + "/bare.sqlite", each: AttemptBatch.largestCount)
        let bare = Double(evidence.count)
        let audit = try SQLiteAuditFile(path: file)
        var verified = 0
        let verification = try await Spent.on {
            let verification = try audit.verify(keys: [signer.publicKey.thumbprint: signer.publicKey])
            guard verification.findings.isEmpty else { throw BenchError.failed("\(verification.findings)") }
            verified = verification.count
        }
        let hashing = evidence.hash()
        output.show(
            [
                Row(
                    name: "attempts stored, one batch at a time", value: count / single.wall, unit: "1/s by the wall",
                    reference: "the same rows by bare SQLite", referenceValue: bare / floor.wall),
                Row(
                    name: "attempts stored, \(crowd) batches at once", value: count / many.wall,
                    unit: "1/s by the wall", reference: "one batch at a time", referenceValue: count / single.wall),
                Row(
                    name: "an attempt stored", value: single.cpu / count * 1e6, unit: "CPU-µs",
                    reference: "the same rows by bare SQLite", referenceValue: floor.cpu / bare * 1e6),
                Row(
                    name: "attempts stored, \(crowd) batches at once", value: count / many.wall,
                    unit: "1/s by the wall", reference: "target", referenceValue: 20_000),
                Row(
                    name: "records verified", value: Double(verified) / verification.wall, unit: "1/s by the wall",
                    reference: "their bytes hashed", referenceValue: bare / hashing),
            ],
            notes: [
                "batches of \(AttemptBatch.largestCount) attempts of \(devices) devices, half allowed, half refused; "
                    + "\(Int(bare)) records of \(evidence.bytes / max(1, evidence.count)) bytes, "
                    + "\(evidence.facets / max(1, evidence.count)) places in the index each"
            ])
    }
}

/// Batches as agents hand them in: a thousand people at a node, each attempt another.
private enum AttemptSamples {
    static func batch(_ number: Int) throws -> [UInt8] {
        let now = Clocks.epoch
        let records = try (0..<AttemptBatch.largestCount).map { place -> ConnectionRecord in
            let peer = (number * 7 + place * 13) % 1000
            let isAllowed = place % 2 == 0
            var source = ConnectionRecord.End(address: .v4(0x6440_1000 + UInt32(peer)))
            source.node = try id("N", peer)
            source.host = "laptop-\(peer)"
            source.person = try id("P", peer)
            source.label = "person-\(peer)@example.com"
            return ConnectionRecord(
                time: now, last: now, count: 1, verdict: isAllowed ? .allow : .deny, direction: .inbound,
                source: source, destination: ConnectionRecord.End(address: .v4(0x6440_0001)), protocolNumber: 6,
                port: UInt16(clamping: 1 + place * 60), rule: isAllowed ? "rule-\(peer % 200)" : nil,
                reason: isAllowed ? "allowed by the rule" : "no rule names the source", revision: "9f2c51d07ab3e664")
        }
        return AttemptBatch(id: Randomness.system.token(16), sentAt: now, records: records, lost: 0).json.encoded()
    }

    private static func id(_ kind: String, _ number: Int) throws -> RecordID {
        let digits = String(number, radix: 36).uppercased()
        guard let id = RecordID(kind + String(repeating: "A", count: 20 - digits.utf8.count) + digits + "A") else {
            throw BenchError.constant
        }
        return id
    }
}
