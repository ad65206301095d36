import Agent
import Cryptography
import Enforcement
import Glibc
import Identity
import SignedDocuments
import Testing
import Wire

@Suite struct `The times of accepted documents` {
    let temporary = TemporaryDirectory()
    let server: ServerURL

    init() throws { server = try #require(ServerURL("https://ztna.example.com")) }

    private func write(_ text: String) throws {
        try temporary.open().write(Array(text.utf8), to: AcceptedTimesFile.fileName)
    }

    @Test func `are remembered for each server, and never fall`() throws {
        let other = try #require(ServerURL("https://other.example.com"))
        do {
            var file = AcceptedTimesFile(in: try temporary.open())
            #expect(file.fault == nil && file.times(of: server) == AcceptedTimes())
            try file.remember(AcceptedTimes(authorization: 100, policy: 90), of: server, now: 1000)
            try file.remember(AcceptedTimes(authorization: 50, policy: 95), of: server, now: 2000)
            try file.remember(AcceptedTimes(authorization: 7), of: other, now: 3000)
        }
        let file = AcceptedTimesFile(in: try temporary.open())
        #expect(file.fault == nil && file.times(of: server) == AcceptedTimes(authorization: 100, policy: 95))
        #expect(file.times(of: other) == AcceptedTimes(authorization: 7))
        var status = stat()
        let path = "\(temporary.path)/\(AcceptedTimesFile.fileName)"
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func `are written once a minute at most, and at the end`() throws {
        let directory = try temporary.open()
        func stored() -> Int { AcceptedTimesFile(in: directory).times(of: server).policy }
        var file = AcceptedTimesFile(in: directory)
        for (now, policy, expected) in [
            (1000, 10, 10), (1001, 11, 10), (1059, 12, 10), (1060, 12, 12), (1061, 13, 12),
            // The clock was set back.
            (500, 14, 14), (501, 15, 14),
        ] {
            try file.remember(AcceptedTimes(policy: policy), of: server, now: now)
            #expect(stored() == expected, "at \(now)")
        }
        try file.write(now: 502)
        #expect(stored() == 15)
        // Nothing new: nothing is written.
        try directory.remove(AcceptedTimesFile.fileName)
        try file.remember(AcceptedTimes(policy: 15), of: server, now: 900)
        #expect(try directory.read(AcceptedTimesFile.fileName) == nil)
    }

    @Test(arguments: [
        ("nonsense", "JSON"), ("[]", "JSON"), (#"{"http://a.example":{"authorization":1,"policy":1}}"#, "server"),
        (#"{"https://a.example":{"authorization":1}}"#, "policy"),
        (#"{"https://a.example":{"authorization":-1,"policy":1}}"#, "authorization"),
        (#"{"https://a.example":5}"#, "https://a.example"),
    ])
    func `of a broken file are none, it is told, and the next takes its place`(_ text: String, _ member: String) throws
    {
        try write(text)
        let directory = try temporary.open()
        let state = try AgentState(in: directory, randomness: .system)
        var file = state.accepted
        let path = directory.location(of: AcceptedTimesFile.fileName)
        #expect(file.fault == .corrupted(path: path, member: member))
        #expect(file.times(of: server) == AcceptedTimes())
        try file.remember(AcceptedTimes(policy: 5), of: server, now: 0)
        let repaired = AcceptedTimesFile(in: directory)
        #expect(repaired.fault == nil && repaired.times(of: server).policy == 5)
    }

    @Test func `of a file that others may write are none, and it is told`() throws {
        try write(#"{"https://ztna.example.com":{"authorization":1,"policy":1}}"#)
        let path = "\(temporary.path)/\(AcceptedTimesFile.fileName)"
        chmod(path, 0o666)
        let file = AcceptedTimesFile(in: try temporary.open())
        #expect(file.fault == .tooOpen(path: path) && file.times(of: server) == AcceptedTimes())
    }
}

@Suite struct `A netmap after a start` {
    let documents: Documents
    let device: Ed25519PrivateKey
    let wireGuardKey: X25519PublicKey

    init() throws {
        documents = try Documents()
        device = try Ed25519PrivateKey(from: .system)
        wireGuardKey = try X25519PrivateKey(from: .system).publicKey
    }

    private func snapshot(signedAt time: Int, policyAt: Int) throws -> NetmapMessage {
        .snapshot(
            epoch: "e", sequence: 1,
            own: try documents.authorization(
                1, device: device.publicKey, registration: documents.registration(device, wireGuardKey),
                issuedAt: time),
            peers: [:], policy: try documents.policy(for: 1, issuedAt: policyAt))
    }

    private func restarted(_ accepted: AcceptedTimes) -> Netmap {
        Netmap(
            trust: Netmap.Trust(
                keys: documents.keys, server: documents.server, device: device.publicKey, wireGuardKey: wireGuardKey),
            accepted: accepted)
    }

    @Test(
        arguments: [
            (1000, 1000, nil), (940, 940, nil), (939, 1000, .olderAuthorization), (1000, 939, .olderPolicy),
            (1020, 1010, nil),
        ] as [(Int, Int, NetmapError?)])
    func `refuses documents older than those that were accepted before it`(
        _ authorization: Int, _ policy: Int, _ expected: NetmapError?
    ) throws {
        var netmap = restarted(AcceptedTimes(authorization: 1000, policy: 1000))
        let message = try snapshot(signedAt: authorization, policyAt: policy)
        do throws(NetmapError) {
            _ = try netmap.apply(message, now: 1000)
            #expect(expected == nil)
            #expect(
                netmap.accepted == AcceptedTimes(authorization: max(1000, authorization), policy: max(1000, policy)))
        } catch {
            #expect(error == expected)
            #expect(netmap.view == nil && netmap.accepted == AcceptedTimes(authorization: 1000, policy: 1000))
        }
    }

    @Test func `takes the times of what it accepts along, and of nothing that it refuses`() throws {
        var netmap = restarted(AcceptedTimes())
        _ = try netmap.apply(snapshot(signedAt: 500, policyAt: 400), now: 1000)
        #expect(netmap.accepted == AcceptedTimes(authorization: 500, policy: 400))
        let (older, newer) = (try documents.policy(for: 1, issuedAt: 399), try documents.policy(for: 1, issuedAt: 450))
        #expect(throws: NetmapError.olderPolicy) {
            try netmap.apply(.delta(sequence: 2, own: nil, changed: [:], removed: [], policy: older), now: 1000)
        }
        #expect(netmap.accepted.policy == 400)
        _ = try netmap.apply(.delta(sequence: 2, own: nil, changed: [:], removed: [], policy: newer), now: 1000)
        #expect(netmap.accepted == AcceptedTimes(authorization: 500, policy: 450))
    }
}
