import Identity
import NetworkAddresses
import Sessions
import Store

/// Records with every field and every case at random, the same for the same seed.
struct RandomRecords: RandomNumberGenerator {
    private var position: UInt64

    init(seed: UInt64) { position = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        position &+= 0x9E37_79B9_7F4A_7C15
        var mixed = position
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    static func fixed(_ seed: UInt64) -> RecordID {
        var random = RandomRecords(seed: seed)
        return random.recordID()
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func flag() -> Bool { Bool.random(using: &self) }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
    mutating func hash() -> [UInt8] { bytes(32) }
    mutating func time() -> Int { number(1_700_000_000...1_800_000_000) }

    mutating func optional<Value>(_ make: (inout Self) -> Value) -> Value? { flag() ? make(&self) : nil }

    private mutating func made<Value>(_ make: (inout Self) -> Value?) -> Value {
        while true { if let value = make(&self) { return value } }
    }

    /// Also quotes, NUL, controls, both forms of "é", emoji and nothing at all.
    mutating func text() -> String {
        let pieces = [
            "a", "Zürich", "\"", "\\", "'", "\0", "\n", "\u{7F}", "e\u{301}", "é", "👩‍💻", " ", "%", "\u{FEFF}", "日本",
        ]
        return (0..<number(0...6)).map { _ in pieces[number(0...(pieces.count - 1))] }.joined()
    }

    mutating func base64url(_ count: Int) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        return String((0..<count).map { _ in alphabet[number(0...63)] })
    }

    mutating func name(_ count: ClosedRange<Int>) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<number(count)).map { _ in alphabet[number(0...35)] })
    }

    mutating func recordID() -> RecordID { made { RecordID($0.base64url(22)) } }
    mutating func deviceID() -> DeviceID { made { DeviceID($0.base64url(43)) } }
    mutating func providerID() -> ProviderID { made { ProviderID($0.name(1...32)) } }
    mutating func group() -> GroupName { made { GroupName($0.text() + $0.name(1...5)) } }
    mutating func groups() -> Set<GroupName> { Set((0..<number(0...5)).map { _ in group() }) }
    mutating func email() -> EmailAddress { made { EmailAddress("\($0.name(1...20))é@\($0.name(1...20)).example") } }

    mutating func signIn() -> SignIn {
        SignIn(
            provider: providerID(), subject: text(), directoryID: optional { $0.text() },
            email: optional { $0.email() }, displayName: text(),
            groups: optional { $0.groups() }, authTime: optional { $0.time() },
            amr: (0..<number(0...3)).map { _ in text() }, acr: optional { $0.text() }, isMultiFactor: flag(),
            evidence: evidence(),
            validUntil: optional { $0.time() }, principal: optional { $0.principal() },
            providerSession: optional { $0.text() })
    }

    mutating func evidence() -> SignInEvidence {
        SignInEvidence(
            flag() ? .idToken(base64url(number(0...900))) : .saml(text()), randomBytes: bytes(number(0...32)))
    }

    mutating func principal(nameID: String? = nil) -> SAMLPrincipal {
        SAMLPrincipal(
            nameID: nameID ?? text(), format: optional { $0.text() }, nameQualifier: optional { $0.text() },
            spNameQualifier: optional { $0.text() }, sessionIndex: optional { $0.text() })
    }

    mutating func browser() -> BrowserBinding {
        BrowserBinding(cookieHash: hash(), isLocal: flag(), numbers: (0..<number(0...3)).map { _ in number(10...99) })
    }

    mutating func redirect() -> ProviderRedirect {
        ProviderRedirect(
            provider: providerID(), stateHash: hash(), randomBytes: bytes(32),
            exchange: flag() ? .openIDConnect(codeVerifier: base64url(43)) : .saml, requestedAt: time())
    }

    mutating func state() -> DeviceAuthorization.State {
        switch number(0...8) {
        case 0: .pending
        case 1: .claimed(browser())
        case 2: .redirected(browser(), redirect())
        case 3: .authenticated(browser(), signIn())
        case 4:
            .approved(
                Approval(
                    session: recordID(), person: recordID(), signIn: signIn(),
                    loopback: optional { LoopbackCode(hash: $0.hash()) }))
        case 5: .redeemed(recordID())
        case 6: .denied(made { DeviceAuthorization.Denial.allCases.randomElement(using: &$0) })
        case 7: .answered(browser(), signIn(), handleHash: hash())
        default: .failed(reason: text())
        }
    }

    mutating func deviceAuthorization() -> DeviceAuthorization {
        var authorization = DeviceAuthorization(
            id: recordID(), deviceCodeHash: hash(), userCodeHash: hash(), device: deviceID(),
            asking: AskingDevice(hostName: text(), operatingSystem: text(), address: text(), publicKey: bytes(32)),
            number: number(10...99),
            loopback: optional { LoopbackListener(port: UInt16($0.number(0...65535)), tokenHash: $0.hash()) },
            renewal: optional {
                Renewal(session: $0.recordID(), person: $0.recordID(), provider: $0.providerID(), label: $0.text())
            },
            createdAt: time(), expiresAt: time())
        authorization.state = state()
        return authorization
    }

    mutating func person(provider: ProviderID? = nil, subject: String? = nil) -> PersonRecord {
        PersonRecord(
            id: recordID(), provider: provider ?? providerID(), subject: subject ?? text() + name(8...8),
            directoryID: optional { $0.text() },
            email: optional { $0.email() }, displayName: text(), isActive: flag(), createdAt: time(),
            lastSignInAt: optional { $0.time() })
    }

    mutating func session(
        of person: PersonID? = nil, at provider: ProviderID? = nil, device: DeviceID? = nil, open: Bool? = nil,
        principal: SAMLPrincipal? = nil, providerSession: String? = nil
    ) -> Session {
        let isOpen = open ?? flag()
        let refresh = RefreshState(
            currentHash: hash(), generation: number(0...1000), previousHash: optional { $0.hash() },
            attemptHash: optional { $0.hash() }, rotatedAt: time())
        let end = Session.End.allCases[number(0...(Session.End.allCases.count - 1))]
        return Session(
            id: recordID(), person: person ?? recordID(), provider: provider ?? providerID(),
            device: device ?? deviceID(), createdAt: time(), expiresAt: time(), authTime: optional { $0.time() },
            amr: (0..<number(0...3)).map { _ in text() }, acr: optional { $0.text() }, mfaAt: optional { $0.time() },
            evidence: evidence(), principal: principal ?? optional { $0.principal() },
            providerSession: providerSession ?? optional { $0.text() },
            refresh: flag() ? refresh : nil, endedAt: isOpen ? nil : time(), end: isOpen ? nil : end)
    }

    mutating func node() -> NodeRecord {
        NodeRecord(
            id: recordID(), device: deviceID(), devicePublicKey: bytes(32), session: optional { $0.recordID() },
            host: made { HostName($0.name(8...63)) }, operatingSystem: text(), wireGuardKey: bytes(32),
            registration: base64url(300), ipv4: .v4(UInt32(truncatingIfNeeded: next())), ipv6: .v6(next(), next()),
            tags: Set((0..<number(0...4)).compactMap { _ in TagName(name(1...64)) }),
            isManaged: optional { $0.flag() }, createdAt: time(), updatedAt: time())
    }
}

extension DeviceAuthorization {
    func with(deviceCodeHash: [UInt8]? = nil, userCodeHash: [UInt8]? = nil, expiresAt: Int? = nil) -> Self {
        var copy = DeviceAuthorization(
            id: id, deviceCodeHash: deviceCodeHash ?? self.deviceCodeHash,
            userCodeHash: userCodeHash ?? self.userCodeHash, device: device, asking: asking,
            number: number, loopback: loopback, createdAt: createdAt, expiresAt: expiresAt ?? self.expiresAt)
        copy.state = state
        return copy
    }
}

extension NodeRecord {
    func with(device: DeviceID? = nil, host: HostName? = nil, ipv4: IPAddress? = nil, ipv6: IPAddress? = nil) -> Self {
        NodeRecord(
            id: id, device: device ?? self.device, devicePublicKey: devicePublicKey, session: session,
            host: host ?? self.host, operatingSystem: operatingSystem, wireGuardKey: wireGuardKey,
            registration: registration, ipv4: ipv4 ?? self.ipv4, ipv6: ipv6 ?? self.ipv6, tags: tags,
            isManaged: isManaged, createdAt: createdAt, updatedAt: updatedAt)
    }
}
