import Agent
import Cryptography
import Foundation
import HTTPClient
import Logging
import StrictJSON
import Synchronization
import Testing

private let server = "https://ztna.example.com"

/// A state directory of a test's own, removed with everything in it.
private final class Place: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ztna-spool-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    func spool(limit: Int = AttemptSpool.defaultLimit) throws -> AttemptSpool {
        try AttemptSpool(in: StateDirectory(path + "/state"), limit: limit, randomness: .system)
    }

    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path + "/state/attempts")) ?? []).sorted()
    }

    func file(_ name: String) -> URL { URL(filePath: path + "/state/attempts/" + name) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

private func record(_ number: Int) -> JSON { ["number": .integer(number)] }

extension AttemptSpool {
    fileprivate func append(_ numbers: some Sequence<Int>, for server: String = server) {
        for number in numbers { append(record(number).encoded(), for: server) }
    }
}

@Suite struct `A spool of attempts` {
    @Test func `gives back what it took, in batches of a thousand, until each is discarded`() async throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let spool = try place.spool()
        spool.append(0..<2500)
        var batches: [SpooledBatch] = []
        while let batch = await spool.nextBatch(for: server) {
            #expect(await spool.nextBatch(for: server) == batch)
            batches.append(batch)
            await spool.discard(batch.id)
        }
        #expect(batches.map(\.records.count) == [1000, 1000, 500])
        #expect(batches.flatMap(\.records).elementsEqual((0..<2500).map(record)))
        #expect(spool.stored == (0, 0))
    }

    @Test func `keeps a batch's name and content across a restart, and appends to none that it found`() async throws {
        let place = try Place()
        var before: SpooledBatch?
        do {
            let spool = try place.spool()
            spool.append(0..<3)
            await spool.flush()
        }
        do {
            let spool = try place.spool()
            before = await spool.nextBatch(for: server)
            spool.append(3..<5)
            await spool.flush()
        }
        let spool = try place.spool()
        #expect(await spool.nextBatch(for: server) == before)
        #expect(before?.records == (0..<3).map(record))
        await spool.discard(try #require(before).id)
        #expect(await spool.nextBatch(for: server)?.records == (3..<5).map(record))
    }

    enum Damage: CaseIterable { case cutOff, changed, followedBySomethingElse }

    @Test(arguments: Damage.allCases)
    func `counts a line that is`(_ damage: Damage) async throws {
        let place = try Place()
        do {
            let spool = try place.spool()
            spool.append(0..<3)
            await spool.flush()
        }
        let file = place.file(try #require(place.files.first))
        var content = try Data(contentsOf: file)
        switch damage {
        case .cutOff: content.removeLast(7)
        case .changed: content[content.count - 5] ^= 1
        case .followedBySomethingElse: content += Data("{\"record\":{}}\n".utf8)
        }
        try content.write(to: file)
        let batch = try #require(await place.spool().nextBatch(for: server))
        #expect(batch.losses.damaged == 1)
        #expect(batch.records.starts(with: [record(0), record(1)]))
    }

    @Test func `drops the oldest when it is full, and says how many`() async throws {
        let place = try Place()
        let spool = try place.spool(limit: 100_000)
        for start in stride(from: 0, to: 10_000, by: 500) {
            spool.append(start..<(start + 500))
            await spool.flush()
        }
        #expect(spool.stored.bytes <= 100_000)
        var records: [JSON] = []
        var lost = 0
        while let batch = await spool.nextBatch(for: server) {
            records += batch.records
            lost += batch.losses.spool
            await spool.discard(batch.id)
        }
        #expect(records.count + lost == 10_000)
        #expect(records == (lost..<10_000).map(record))
    }

    @Test func `does not drop the batch that is on its way`() async throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let spool = try place.spool(limit: 60_000)
        spool.append(0..<1000)
        let lent = try #require(await spool.nextBatch(for: server))
        for start in stride(from: 1000, to: 6000, by: 1000) {
            spool.append(start..<(start + 1000))
            await spool.flush()
        }
        #expect(await spool.nextBatch(for: server) == lent)
    }

    @Test func `tells what was lost elsewhere once, with the next batch`() async throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let spool = try place.spool()
        var losses = AttemptLosses()
        (losses.kernel, losses.limited) = (3, 4)
        spool.count(losses)
        #expect(await spool.nextBatch(for: server)?.losses.total == 7)
        let batch = try #require(await spool.nextBatch(for: server))
        #expect(batch.losses.total == 7)
        await spool.discard(batch.id)
        #expect(await spool.nextBatch(for: server) == nil)
    }

    @Test func `keeps what is for one server from another`() async throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let spool = try place.spool()
        spool.append(0..<2)
        spool.append(2..<4, for: "https://other.example.com")
        spool.append(4..<5)
        var numbers: [JSON] = []
        while let batch = await spool.nextBatch(for: server) {
            numbers += batch.records
            await spool.discard(batch.id)
        }
        #expect(numbers == [0, 1, 4].map(record))
        #expect(await spool.nextBatch(for: "https://other.example.com")?.records == [2, 3].map(record))
    }

    @Test(.enabled(if: geteuid() == 0, "needs root")) func `counts what a full disk refuses, and goes on after`()
        async throws
    {
        let place = try Place()
        let state = place.path + "/state"
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try mount(at: state)
        defer { umount(state) }
        let spool = try place.spool()
        for start in stride(from: 0, to: 20_000, by: 500) {
            spool.append(start..<(start + 500))
            await spool.flush()
        }
        let lost = spool.unreported.disk
        #expect(lost > 0)
        #expect(spool.stored.records + lost == 20_000)
        // Room again.
        let batch = try #require(await spool.nextBatch(for: server))
        await spool.discard(batch.id)
        spool.append(20_000..<20_010)
        await spool.flush()
        #expect(spool.unreported.disk == lost || spool.unreported.disk == 0)
        var rest = batch.records.count
        var told = batch.losses.disk
        while let next = await spool.nextBatch(for: server) {
            rest += next.records.count
            told += next.losses.disk
            await spool.discard(next.id)
        }
        #expect(rest + told == 20_010)
    }

    /// 256 KiB.
    private func mount(at path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/mount")
        process.arguments = ["-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func umount(_ path: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/umount")
        process.arguments = ["-l", path]
        try? process.run()
        process.waitUntilExit()
    }

    @Test func `survives being killed while it writes`() async throws {
        let place = try Place()
        // What a killed agent leaves: whole lines, and at most one that is cut off.
        do {
            let spool = try place.spool()
            spool.append(0..<10)
            await spool.flush()
        }
        let file = place.file(try #require(place.files.first))
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("0badc0de {\"record\":{\"num".utf8))
        try handle.close()
        let batch = try #require(await place.spool().nextBatch(for: server))
        #expect(batch.records == (0..<10).map(record))
        #expect(batch.losses.damaged == 1)
    }
}

@Suite struct `An upload of attempts` {
    private final class Receiver: Sendable {
        struct Box {
            var answers: [Result<JSON, ControlError>] = []
            var received: [(id: String, numbers: [JSON], lost: Int)] = []
        }
        let box: Mutex<Box>

        init(_ answers: [Result<JSON, ControlError>]) { box = Mutex(Box(answers: answers)) }

        func take(_ body: [UInt8]) throws -> [UInt8] {
            let members = try JSONMembers(parsing: body)
            return try box.withLock { box in
                box.received.append(
                    (try members.string("batch"), try members.array("records"), try members.integer("lost")))
                return try (box.answers.isEmpty ? .success(["stored": true]) : box.answers.removeFirst())
                    .get().encoded()
            }
        }

        var received: [(id: String, numbers: [JSON], lost: Int)] { box.withLock { $0.received } }
    }

    private func upload(_ spool: AttemptSpool, to receiver: Receiver) throws -> AttemptUpload {
        let documents = try Documents()
        let clock = TestClock()
        let environment = AgentEnvironment(
            now: { clock.now }, sleep: { try await clock.sleep($0) }, randomness: .system,
            transport: FakeGateway(documents, clock: clock).transport, hostName: "", operatingSystem: "",
            candidates: { _ in [] })
        return AttemptUpload(
            spool: spool, environment: environment, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            destination: { server }, send: { try receiver.take($0) })
    }

    @Test(
        arguments: [
            .failure(.transport(.timedOut)), .failure(.refused(status: 503, name: "x", description: "", retryAfter: 1)),
            .failure(.refused(status: 400, name: "invalid_dpop_proof", description: "", retryAfter: nil)),
            .success(["stored": false]), .success([:]),
        ] as [Result<JSON, ControlError>])
    func `sends the same batch again after`(_ answer: Result<JSON, ControlError>) async throws {
        let place = try Place()
        let spool = try place.spool()
        spool.append(0..<3)
        let receiver = Receiver([answer])
        let upload = try upload(spool, to: receiver)
        await #expect(throws: ControlError.self) { try await upload.sendOne(to: server) }
        spool.append(3..<5)
        while try await upload.sendOne(to: server) {}
        let received = receiver.received
        #expect(received.map(\.numbers) == [(0..<3).map(record), (0..<3).map(record), (3..<5).map(record)])
        #expect(received[0].id == received[1].id && received[1].id != received[2].id)
        #expect(place.files.isEmpty)
    }

    @Test func `drops a batch that the server will never take, and tells it with the next`() async throws {
        let place = try Place()
        defer { withExtendedLifetime(place) {} }
        let spool = try place.spool()
        spool.append(0..<3)
        let receiver = Receiver([
            .failure(.refused(status: 400, name: "invalid_request", description: "", retryAfter: nil))
        ])
        let upload = try upload(spool, to: receiver)
        #expect(try await upload.sendOne(to: server))
        spool.append(3..<4)
        while try await upload.sendOne(to: server) {}
        #expect(receiver.received.map(\.lost) == [0, 3])
        #expect(receiver.received.last?.numbers == [record(3)])
    }
}
