import Cryptography
import Identity
import NetworkAddresses
import SignedDocuments
import StrictJSON
import Testing
import Wire

@Suite struct `A node registration` {
    @Test func `comes back as it was signed`() throws {
        let samples = try Samples()
        let registration = try samples.registration()
        let read = try NodeRegistration(
            verifying: registration.signed(by: samples.device), device: samples.device.publicKey, server: Samples.server
        )
        #expect(read == registration)
    }

    @Test func `by another device, for another server or with control characters is refused`() throws {
        let samples = try Samples()
        let text = try samples.registration().signed(by: samples.device)
        #expect(throws: WireError.document(.unknownKey)) {
            try NodeRegistration(verifying: text, device: Samples.key(3).publicKey, server: Samples.server)
        }
        #expect(throws: WireError.mismatch("aud")) {
            try NodeRegistration(verifying: text, device: samples.device.publicKey, server: "https://other.example")
        }
        let hostile = try samples.registration(host: "lap\u{1B}[2Jtop").signed(by: samples.device)
        #expect(throws: WireError.malformed("host")) {
            try NodeRegistration(verifying: hostile, device: samples.device.publicKey, server: Samples.server)
        }
    }
}

@Suite struct `A node authorization` {
    private func verify(_ text: String, _ samples: Samples, now: Int = Samples.now) throws -> VerifiedNode {
        try VerifiedNode(verifying: text, keys: samples.keys, server: Samples.server, now: now)
    }

    @Test func `comes back as it was signed, with the device's own registration`() throws {
        let samples = try Samples()
        let authorization = try samples.authorization()
        let node = try verify(authorization.signed(by: samples.control), samples)
        #expect(node.authorization == authorization)
        #expect(node.registration == (try samples.registration()))
    }

    @Test func `is refused by an unknown control key, for another server, too late and too early`() throws {
        let samples = try Samples()
        let authorization = try samples.authorization()
        let text = try authorization.signed(by: samples.control)
        #expect(throws: WireError.document(.unknownKey)) {
            try verify(authorization.signed(by: Samples.key(7)), samples)
        }
        #expect(throws: WireError.mismatch("iss")) {
            try VerifiedNode(verifying: text, keys: samples.keys, server: "https://other.example", now: Samples.now)
        }
        #expect(throws: WireError.document(.expired)) { try verify(text, samples, now: Samples.now + 3660) }
        #expect(throws: WireError.document(.notYetValid)) { try verify(text, samples, now: Samples.now - 61) }
    }

    @Test func `cannot carry a WireGuard key that its device did not sign`() throws {
        let samples = try Samples()
        let foreign = try samples.registration().signed(by: Samples.key(5))
        #expect(throws: WireError.document(.unknownKey)) {
            try verify(samples.authorization(registration: foreign).signed(by: samples.control), samples)
        }
    }

    @Test func `is not taken for another document, nor another for it`() throws {
        let samples = try Samples()
        let slice = try samples.slice().signed(by: samples.control)
        #expect(throws: WireError.document(.wrongType)) { try verify(slice, samples) }
        let text = try samples.authorization().signed(by: samples.control)
        #expect(throws: WireError.document(.wrongType)) {
            try PolicySlice(
                verifying: text, keys: samples.keys, server: Samples.server, node: samples.node, now: Samples.now)
        }
    }

    @Test func `spoiled anywhere is refused and never traps`() throws {
        let samples = try Samples()
        let text = Array(try samples.authorization().signed(by: samples.control).utf8)
        var state: UInt64 = 42
        for _ in 0..<3000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var spoiled = text
            let place = Int(state >> 33) % spoiled.count
            spoiled[place] = UInt8(truncatingIfNeeded: state >> 20) | 1
            guard spoiled != text else { continue }
            #expect(throws: (any Error).self) { try verify(String(decoding: spoiled, as: UTF8.self), samples) }
        }
    }
}

@Suite struct `A policy slice` {
    @Test func `comes back as it was signed, and only for its own node`() throws {
        let samples = try Samples()
        let slice = try samples.slice()
        let text = try slice.signed(by: samples.control)
        let read = try PolicySlice(
            verifying: text, keys: samples.keys, server: Samples.server, node: samples.node, now: Samples.now)
        #expect(read == slice)
        let other = try #require(NodeID("DDDDDDDDDDDDDDDDDDDDDD"))
        #expect(throws: WireError.mismatch("sub")) {
            try PolicySlice(verifying: text, keys: samples.keys, server: Samples.server, node: other, now: Samples.now)
        }
    }
}

@Suite struct `A netmap message` {
    private static func messages() throws -> [NetmapMessage] {
        let first = try #require(NodeID("AAAAAAAAAAAAAAAAAAAAAA"))
        let second = try #require(NodeID("BBBBBBBBBBBBBBBBBBBBBB"))
        return [
            .snapshot(epoch: "e", sequence: 1, own: "a.b.c", peers: [first: "d.e.f"], policy: "g.h.i"),
            .delta(sequence: 2, own: nil, changed: [second: "x"], removed: [first], policy: nil),
            .delta(sequence: 3, own: "o", changed: [:], removed: [], policy: "p"),
            .heartbeat(sequence: 3, time: Samples.now), .ended(reason: "administrator"),
        ]
    }

    @Test func `comes back as it was sent`() throws {
        for message in try Self.messages() { #expect(try NetmapMessage(parsing: message.json.encoded()) == message) }
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"type":"snapshot"}"#, #"{"type":"new","seq":1}"#,
        #"{"type":"heartbeat","seq":"1","time":1}"#,
        #"{"type":"delta","seq":1,"changed":{"short":"x"},"removed":[]}"#,
        #"{"type":"ended","reason":"a","reason":"b"}"#,
    ])
    func `of another shape is refused`(_ line: String) {
        #expect(throws: WireError.self) { try NetmapMessage(parsing: Array(line.utf8)) }
    }
}
