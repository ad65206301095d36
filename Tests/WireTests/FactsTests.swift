import AccessPolicy
import CivilTime
import NetworkAddresses
import SignedDocuments
import StrictJSON
import Testing
import Wire

@Suite struct `The facts in a node authorization` {
    private func verify(_ text: String, _ samples: Samples) throws -> VerifiedNode {
        try VerifiedNode(verifying: text, keys: samples.keys, server: Samples.server, now: Samples.now)
    }

    @Test func `come back as they were signed, and are what conditions are asked of`() throws {
        let samples = try Samples()
        let authorization = try samples.fullAuthorization()
        let node = try verify(authorization.signed(by: samples.control), samples)
        #expect(node.authorization == authorization)
        #expect(
            node.context
                == Context(
                    authTime: Samples.now - 5, mfaAt: Samples.now - 5, sessionStartedAt: Samples.now - 900,
                    posture: authorization.posture, address: IPAddress("198.51.100.7"), country: CountryCode("DE"),
                    placeUntil: Samples.now + 60, operatingSystem: "linux", isManaged: true))
    }

    @Test func `are not known where a document does not say them`() throws {
        let samples = try Samples()
        let node = try verify(samples.authorization().signed(by: samples.control), samples)
        #expect(
            node.context
                == Context(authTime: Samples.now - 5, mfaAt: Samples.now - 5, operatingSystem: "linux"))
    }

    @Test(
        arguments: [
            ("session_at", "1"), ("managed", 1), ("managed", "yes"), ("from", [:]), ("from", "DE"),
            ("from", .null), ("from", ["country": "DE"]), ("from", ["country": "DE", "until": "1"]),
            ("from", ["until": 1]),
            ("from", ["country": "Germany", "until": 1]), ("from", ["country": "de", "until": 1]),
            ("from", ["country": 49, "until": 1]), ("from", ["addr": "198.51.100", "until": 1]),
            ("from", ["addr": "198.51.100.7", "country": .null, "until": 1]),
            ("posture", [:]), ("posture", ["at": 1]), ("posture", ["at": -1, "checks": [:]]),
            ("posture", ["at": "1", "checks": [:]]), ("posture", ["at": 1, "checks": []]),
            ("posture", ["at": 1, "checks": ["a": "maybe"]]), ("posture", ["at": 1, "checks": ["A": "pass"]]),
            ("posture", ["at": 1, "checks": ["a": true]]),
            (
                "posture",
                [
                    "at": 1,
                    "checks": .object(
                        Dictionary(uniqueKeysWithValues: (0...64).map { ("c\($0)", JSON.string("pass")) })),
                ]
            ),
        ] as [(String, JSON)])
    func `of another shape are refused`(name: String, value: JSON) throws {
        let samples = try Samples()
        let text = try samples.fullAuthorization().signed(by: samples.control)
        let spoiled = try samples.spoiling(text, .nodeAuthorization, name, value)
        #expect(throws: WireError.self) { try verify(spoiled, samples) }
    }

    @Test(arguments: [
        ("Debian GNU/Linux 12 (bookworm)", "linux"), ("Ubuntu 24.04.1 LTS", "linux"), ("linux", "linux"),
        ("openSUSE Leap 15.6", "linux"), ("macOS 15.1", "macos"), ("Darwin", "macos"), ("Mac OS X 10.15", "macos"),
        ("Microsoft Windows 11 Pro", "windows"), ("Android 15 (Linux 6.1)", "android"), ("FreeBSD 14.1", "freebsd"),
        ("", nil), ("Plan 9", nil), ("linuxish", nil), ("ΛINUX", nil),
    ])
    func `name the operating system as policies do`(text: String, name: String?) {
        #expect(NodeRegistration.systemName(of: text) == name)
        if let name {
            #expect(NodeRegistration.systemNames.contains(name))
            #expect(NodeRegistration.systemName(of: name) == name)
            #expect(Conditions.isSystemName(name))
        }
    }
}

@Suite struct `The further members of a policy slice` {
    private func verify(_ text: String, _ samples: Samples) throws -> PolicySlice {
        try PolicySlice(
            verifying: text, keys: samples.keys, server: Samples.server, node: samples.node, now: Samples.now)
    }

    @Test func `come back as they were signed`() throws {
        let samples = try Samples()
        let slice = try samples.fullSlice()
        #expect(try verify(slice.signed(by: samples.control), samples) == slice)
    }

    @Test func `are not needed`() throws {
        let samples = try Samples()
        let text = try samples.spoiling(
            samples.fullSlice().signed(by: samples.control), .policySlice, "egress", nil)
        let old = try verify(samples.spoiling(text, .policySlice, "zones", nil), samples)
        #expect(old.egress.isEmpty && old.zones.isEmpty && !old.rules.isEmpty)
    }

    @Test(
        arguments: [
            ("egress", "none"), ("egress", .null), ("egress", [["name": "x"]]), ("egress", ["rule"]), ("zones", []),
            ("zones", ["": ["offsets": [[0, 0]], "end": 1]]), ("zones", ["UTC": [[0, 0]]]),
            ("zones", ["UTC": ["offsets": [], "end": 1]]), ("zones", ["UTC": ["offsets": [[0, 0]]]]),
            ("zones", ["UTC": ["offsets": [[0]], "end": 1]]), ("zones", ["UTC": ["offsets": [[0, 0, 0]], "end": 1]]),
            ("zones", ["UTC": ["offsets": [[0, "0"]], "end": 1]]),
            ("zones", ["UTC": ["offsets": [[2, 0]], "end": 1]]),
            ("zones", ["UTC": ["offsets": [[0, 0], [0, 1]], "end": 9]]),
            ("zones", ["UTC": ["offsets": [[0, 900_000]], "end": 9]]),
            (
                "zones",
                ["UTC": ["offsets": .array((0...256).map { .array([.integer($0), .integer(0)]) }), "end": 999]]
            ),
            (
                "zones",
                .object(
                    Dictionary(
                        uniqueKeysWithValues: (0...64).map { ("Z\($0)", ["offsets": [[0, 0]], "end": 1] as JSON) }))
            ),
        ] as [(String, JSON)])
    func `of another shape are refused`(name: String, value: JSON) throws {
        let samples = try Samples()
        let spoiled = try samples.spoiling(
            samples.fullSlice().signed(by: samples.control), .policySlice, name, value)
        #expect(throws: WireError.malformed(name)) { try verify(spoiled, samples) }
    }
}
