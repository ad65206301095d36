package import Identity

/// One `ztna login` waiting for its browser: the device authorization grant, from first request to redemption.
///
/// Times are whole seconds since the epoch. Bearer values are held as hashes only, the short user code as a keyed one.
/// Source: RFC 8628 §3; RFC 10027 (the device, the browser and the sign-in are tied together at each step).
package struct DeviceAuthorization: Hashable, Sendable {
    /// Ends in `redeemed`, `denied` or `failed`; never goes back, but a browser that has not signed in yet may start anew.
    package enum State: Hashable, Sendable {
        case pending
        /// A browser has entered the user code.
        case claimed(BrowserBinding)
        /// That browser is at the identity provider.
        case redirected(BrowserBinding, ProviderRedirect)
        /// The provider's answer was posted here, by a request that carries no cookie: the sign-in is verified, and waits
        /// for that browser to come for it, with the handle of this hash.
        case answered(BrowserBinding, SignIn, handleHash: [UInt8])
        /// It came back signed in; the person has not yet confirmed the device.
        case authenticated(BrowserBinding, SignIn)
        case approved(Approval)
        case redeemed(SessionID)
        case denied(Denial)
        case failed(reason: String)
    }

    /// Who or what said no. The raw value is what is stored.
    package enum Denial: String, Hashable, Sendable, CaseIterable {
        /// The person at the browser.
        case person
        case wrongNumber = "wrong-number"
        /// Another browser came back from the provider than the one that had been sent.
        case anotherBrowser = "another-browser"
        /// The directory that provisions people here.
        case unknownToDirectory = "unknown-to-directory"
        case inactive
        /// The identity provider signed the person out meanwhile.
        case signedOut = "signed-out"
        /// The device itself.
        case withdrawn
    }

    package var state: State = .pending
    private let request: Request

    package init(
        id: RecordID, deviceCodeHash: [UInt8], userCodeHash: [UInt8], device: DeviceID,
        asking: AskingDevice, number: Int, loopback: LoopbackListener?, renewal: Renewal? = nil,
        createdAt: Int, expiresAt: Int
    ) {
        request = Request(
            Request.Terms(
                id: id, deviceCodeHash: deviceCodeHash, userCodeHash: userCodeHash, device: device,
                asking: asking, number: number, loopback: loopback, renewal: renewal, createdAt: createdAt,
                expiresAt: expiresAt))
    }

    package var id: RecordID { request.terms.id }
    package var deviceCodeHash: [UInt8] { request.terms.deviceCodeHash }
    package var userCodeHash: [UInt8] { request.terms.userCodeHash }
    /// The key that asked, and that alone can redeem. RFC 9449 §5.
    package var device: DeviceID { request.terms.device }
    package var asking: AskingDevice { request.terms.asking }
    /// Two digits that the terminal of a cross-device sign-in shows, 10…99.
    package var number: Int { request.terms.number }
    /// Where the command's loopback listener waits; nil when it has none.
    package var loopback: LoopbackListener? { request.terms.loopback }
    /// Set when an open session is to be renewed; nil for a sign-in that begins one.
    package var renewal: Renewal? { request.terms.renewal }
    package var createdAt: Int { request.terms.createdAt }
    package var expiresAt: Int { request.terms.expiresAt }

    package func isExpired(at now: Int) -> Bool { now >= expiresAt }

    /// What the device asked for, which no step changes. An object, because each step copies the sign-in several times.
    private final class Request: Hashable, Sendable {
        struct Terms: Hashable, Sendable {
            let id: RecordID
            let deviceCodeHash: [UInt8]
            let userCodeHash: [UInt8]
            let device: DeviceID
            let asking: AskingDevice
            let number: Int
            let loopback: LoopbackListener?
            let renewal: Renewal?
            let createdAt: Int
            let expiresAt: Int
        }

        let terms: Terms

        init(_ terms: Terms) { self.terms = terms }

        static func == (left: Request, right: Request) -> Bool { left === right || left.terms == right.terms }

        func hash(into hasher: inout Hasher) { hasher.combine(terms) }
    }
}

/// What the device says of itself and what we saw of it; shown to the person, believed by nobody.
package struct AskingDevice: Hashable, Sendable {
    package var hostName: String
    package var operatingSystem: String
    /// The network address the request came from.
    package var address: String
    /// 32 bytes: the device's Ed25519 public key.
    package var publicKey: [UInt8]

    package init(hostName: String, operatingSystem: String, address: String, publicKey: [UInt8]) {
        self.hostName = hostName
        self.operatingSystem = operatingSystem
        self.address = address
        self.publicKey = publicKey
    }
}

/// The browser that entered the code: the hash of its cookie, and whether it is the one `ztna login` opened.
package struct BrowserBinding: Hashable, Sendable {
    package var cookieHash: [UInt8]
    /// Came by the address that only the command on this machine knew: it must finish at the loopback listener.
    package var isLocal: Bool
    /// The three numbers offered to a browser elsewhere, in the order shown.
    package var numbers: [Int]

    package init(cookieHash: [UInt8], isLocal: Bool, numbers: [Int]) {
        self.cookieHash = cookieHash
        self.isLocal = isLocal
        self.numbers = numbers
    }
}

/// The command's listener on its own machine.
package struct LoopbackListener: Hashable, Sendable {
    package var port: UInt16
    /// Hash of the token in the address that the command opens itself.
    package var tokenHash: [UInt8]

    package init(port: UInt16, tokenHash: [UInt8]) {
        self.port = port
        self.tokenHash = tokenHash
    }
}

/// What the approving browser must carry to the loopback listener, and the device must show when it redeems.
package struct LoopbackCode: Hashable, Sendable {
    package var hash: [UInt8]
    package init(hash: [UInt8]) { self.hash = hash }
}

/// What the person confirmed: it becomes a session when the device redeems it, and nothing before.
package struct Approval: Hashable, Sendable {
    package var session: SessionID
    package var person: PersonID
    package var signIn: SignIn
    /// Set when the approving browser must carry a code to the command's loopback listener.
    package var loopback: LoopbackCode?

    package init(session: SessionID, person: PersonID, signIn: SignIn, loopback: LoopbackCode?) {
        self.session = session
        self.person = person
        self.signIn = signIn
        self.loopback = loopback
    }
}
