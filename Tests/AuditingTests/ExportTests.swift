import Audit
import Auditing
import Cryptography
import Foundation
import HTTPClient
import NIOHTTP1
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Testing

@Suite struct `An export` {
    private static func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private static func sequence(_ text: String) throws -> Int {
        try JSONMembers(parsing: Array(text.utf8)).integer("sequence")
    }

    private static func exporting(
        _ fixture: Fixture, _ target: AuditExport.Target = .file(path: ""), to delivery: any AuditDelivery,
        name: String = "siem", format: AuditExport.Format = .plain,
        streams: Set<AuditEvent.Stream> = Set(AuditEvent.Stream.allCases)
    ) -> Exporting {
        Exporting(
            AuditExport(name: name, target: target, format: format, streams: streams), of: fixture.log,
            to: delivery, server: "ztna.example.com")
    }

    private static func drain(_ export: Exporting) async throws {
        while try await export.step() {}
    }

    @Test func `to a file is whole lines, verifiable again, and goes on after a rotation and a power cut`() async throws
    {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let path = directory.path + "/audit.jsonl"
        let export = Self.exporting(fixture, to: FileDelivery(path: path))
        try await fixture.log.store((0..<700).map { fixture.event($0) })
        try await Self.drain(export)
        var lines = try Self.lines(path)
        #expect(lines.popLast() == "")
        #expect(try lines.map(Self.sequence) == Array(1...700))
        let records = try lines.map { try AuditRecord(json: JSON(parsing: Array($0.utf8))) }
        #expect(try await records == fixture.records())
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)

        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try await fixture.log.store([fixture.event(1)])
        try await Self.drain(export)
        #expect(try Self.lines(path).dropLast().map(Self.sequence) == [701])
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Array("{\"torn".utf8))
        try await fixture.log.store([fixture.event(2)])
        try await Self.drain(export)
        lines = try Self.lines(path)
        #expect(lines[1] == "{\"torn")
        #expect(try Self.sequence(lines[2]) == 702)
        // A new process goes on where the old one was.
        try await fixture.log.store([fixture.event(3)])
        try await Self.drain(Self.exporting(fixture, to: FileDelivery(path: path)))
        #expect(try Self.lines(path).count == 5)
    }

    @Test func `to a file that cannot be written waits and says why`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.store([fixture.event(1)])
        for path in ["/nonexistent/audit.jsonl", "/proc/audit.jsonl", "/dev/full"] {
            let export = Self.exporting(fixture, to: FileDelivery(path: path))
            let failure = await #expect(throws: DeliveryFailure.self) { _ = try await export.step() }
            #expect(failure?.explanation.contains(path) == true)
        }
        #expect(try await fixture.store.read { try $0.auditPlace(of: "export:siem") } == nil)
    }

    @Test func `takes the streams and the format that it was told`() async throws {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let path = directory.path + "/audit.jsonl"
        try await fixture.log.store([
            fixture.event(0), fixture.event(1, .connection), fixture.event(2, .signIn), fixture.event(3, .connection),
        ])
        let export = Self.exporting(
            fixture, to: FileDelivery(path: path), format: .ocsf, streams: [.connection])
        try await Self.drain(export)
        let members = try Self.lines(path).dropLast().map { try JSONMembers(parsing: Array($0.utf8)) }
        #expect(try members.map { try $0.object("metadata").integer("sequence") } == [2, 4])
        #expect(try members.map { try $0.integer("class_uid") } == [4001, 4001])
    }

    @Test func `by syslog over TLS arrives framed and in order, and again over the next connection`() async throws {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let certificate = try Certificate(in: directory)
        let collector = try await SyslogCollector(certificate)
        let delivery = SyslogDelivery(
            host: "127.0.0.1", port: collector.port, caFile: certificate.file, server: "ztna.example.com")
        let export = Self.exporting(fixture, to: delivery)
        try await fixture.log.store((0..<600).map { fixture.event($0, .signIn) })
        try await Self.drain(export)
        await collector.hasReceived(600)
        let messages = collector.messages
        #expect(collector.faults == 0)
        for (index, message) in messages.enumerated() {
            let expected = "<110>1 2025-11-21T"
            #expect(message.hasPrefix(expected) && message.contains(" ztna.example.com ztna-server - sign-in [meta "))
            let body = try #require(message.firstIndex(of: "{"))
            #expect(try Self.sequence(String(message[body...])) == index + 1)
        }
        // The collector goes: what was written last may not have been read, so it comes once more.
        try await collector.endConnections()
        try await fixture.log.store([fixture.event(1)])
        var isThere = false
        while !isThere {
            do {
                try await Self.drain(export)
                isThere = collector.messages.contains { $0.contains("sequenceId=\"601\"") }
                if !isThere {
                    // It went into the socket before the end was noticed: the next batch finds the connection closed.
                    try await fixture.log.store([fixture.event(2)])
                }
            } catch is DeliveryFailure {}
        }
        let after = collector.messages.dropFirst(600).compactMap { $0.firstMatch(of: /sequenceId="(\d+)"/)?.1 }
        #expect(after.contains("601"))
        await delivery.close()
        try await collector.stop()
    }

    @Test func `by syslog trusts the configured authority alone, and the configured host`() async throws {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let certificate = try Certificate(in: directory)
        let stranger = try Certificate(in: directory, named: "stranger")
        let collector = try await SyslogCollector(certificate)
        try await fixture.log.store([fixture.event(1)])
        for (host, roots) in [("127.0.0.1", stranger.file), ("localhost", certificate.file), ("127.0.0.1", nil)] {
            let delivery = SyslogDelivery(host: host, port: collector.port, caFile: roots, server: "s")
            await #expect(throws: DeliveryFailure.self) {
                _ = try await Self.exporting(fixture, to: delivery).step()
            }
        }
        try await collector.stop()
        let named = try Certificate(in: directory, named: "named", for: "DNS:localhost")
        let other = try await SyslogCollector(named)
        for (host, isIt) in [("127.0.0.1", false), ("localhost", true)] {
            let delivery = SyslogDelivery(host: host, port: other.port, caFile: named.file, server: "s")
            if isIt {
                #expect(try await Self.exporting(fixture, to: delivery, name: "named").step())
                await other.hasReceived(1)
            } else {
                await #expect(throws: DeliveryFailure.self) {
                    _ = try await Self.exporting(fixture, to: delivery, name: "named").step()
                }
            }
        }
        try await other.stop()
        let gone = SyslogDelivery(host: "127.0.0.1", port: collector.port, caFile: certificate.file, server: "s")
        await #expect(throws: DeliveryFailure.self) { _ = try await Self.exporting(fixture, to: gone).step() }
        #expect(collector.messages.isEmpty)
        #expect(try await fixture.store.read { try $0.auditPlace(of: "export:siem") } == nil)
    }

    @Test func `by webhook is repeated until it is taken, with longer and longer pauses`() async throws {
        let fixture = try await Fixture()
        let receiver = try await WebhookReceiver([(500, nil), (429, "90"), (301, nil)])
        let client = try HTTPClient(policy: HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true))
        let export = Self.exporting(
            fixture, to: WebhookDelivery(name: "siem", url: receiver.url, client: client, token: { "secret" }))
        try await fixture.log.store((0..<3).map { fixture.event($0) })
        let running = Task { await export.run() }
        let key = fixture.signer.publicKey
        var place: AuditPlace?
        while place?.sequence != 3 {
            place = try await fixture.store.read { try $0.auditPlace(of: "export:siem") }.flatMap {
                try? AuditPlace(verifying: $0, of: "export:siem", keys: [key.thumbprint: key])
            }
        }
        running.cancel()
        await running.value
        #expect(fixture.slept.all == [1, 90, 4])
        let received = receiver.received
        #expect(received.count == 4)
        #expect(Set(received.map(\.body)).count == 1)
        for request in received {
            #expect(request.head.method == .POST && request.head.uri == "/audit")
            #expect(request.head.headers["Authorization"] == ["Bearer secret"])
            #expect(request.head.headers["Idempotency-Key"] == ["siem-1-3"])
            #expect(request.head.headers["Content-Type"] == ["application/json"])
        }
        let body = try JSON(parsing: Array((received.last?.body ?? "").utf8)).arrayValue ?? []
        #expect(try body.map { try AuditRecord(json: $0) } == (try await fixture.records()))
        client.shutdown()
        try await receiver.stop()
    }

    @Test func `by webhook over TLS trusts whom it is told to`() async throws {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let certificate = try Certificate(in: directory)
        let receiver = try await WebhookReceiver(certificate: certificate)
        try await fixture.log.store([fixture.event(1)])
        for (roots, isTrusted) in [(nil, false), (certificate.file, true)] {
            let client = try HTTPClient(policy: HTTPClientPolicy(addresses: .any, caFile: roots))
            let export = Self.exporting(
                fixture, to: WebhookDelivery(name: "siem", url: receiver.url, client: client, token: { nil }))
            if isTrusted {
                #expect(try await export.step())
            } else {
                await #expect(throws: DeliveryFailure.self) { _ = try await export.step() }
            }
            client.shutdown()
        }
        #expect(receiver.received.count == 1)
        try await receiver.stop()
    }

    @Test func `whose place somebody moved on begins anew, and says so`() async throws {
        let (fixture, directory) = (try await Fixture(), try TemporaryDirectory())
        let path = directory.path + "/a"
        let export = Self.exporting(fixture, to: FileDelivery(path: path))
        try await fixture.log.store((0..<2).map { fixture.event($0) })
        try await Self.drain(export)
        try await fixture.log.store((2..<5).map { fixture.event($0) })
        // Another's signature, and our own for another export, lead past nothing.
        let foreign = try Ed25519PrivateKey(from: .system)
        for document in [
            "5", try AuditPlace(of: "export:siem", sequence: 5).signed(by: foreign),
            try AuditPlace(of: "export:other", sequence: 5).signed(by: fixture.signer),
        ] {
            try await fixture.store.write {
                try $0.setAuditPlace(AuditPlace(of: "export:siem", sequence: 5), document: document)
            }
            try await Self.drain(export)
            try await fixture.log.flush()
            let told = try #require(try await fixture.events().last)
            #expect(told.action == "audit-broken" && told.subject?.label == "export:siem")
        }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let sequences = try lines.map { try AuditRecord(json: JSON(parsing: Array($0.utf8))).sequence }
        #expect(Set(sequences).isSuperset(of: 1...7) && sequences.filter { $0 == 3 }.count == 3)
    }

    @Test func `that retention has overtaken records how much it missed`() async throws {
        let (fixture, directory) = (
            try await Fixture(AuditConfiguration(lifetime: 100)), try TemporaryDirectory()
        )
        let export = Self.exporting(fixture, to: FileDelivery(path: directory.path + "/a"))
        try await fixture.log.store([fixture.event(0)])
        try await Self.drain(export)
        try await fixture.log.store((0..<9).map { fixture.event($0) })
        fixture.clock.advance(by: 200)
        try await fixture.log.forget()
        try await fixture.log.flush()
        try await Self.drain(export)
        try await fixture.log.flush()
        let gap = try #require(try await fixture.events().last)
        #expect(gap.action == "audit-export-gap" && gap.count == 9 && gap.subject?.label == "siem")
    }
}
