package import Identity

/// One `ztna login` waiting for its browser: the device authorization grant, from first request to redemption.
///
/// Times are whole seconds since the epoch. Bearer values are held as SHA-256 hashes only.
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
        case denied
        case failed(reason: String)
    }

    package let id: RecordID
    package let deviceCodeHash: [UInt8]
    package let userCodeHash: [UInt8]
    /// The code as the person sees it: shown again on the page for comparison.
    package let userCode: UserCode
    /// The key that asked, and that alone can redeem. RFC 9449 §5.
    package let device: DeviceID
    package let asking: AskingDevice
    /// Two digits that the terminal of a cross-device sign-in shows, 10…99.
    package let number: Int
    /// Where the command's loopback listener waits; nil when it has none.
    package let loopback: LoopbackListener?
    /// Set when an open session is to be renewed; nil for a sign-in that begins one.
    package let renewal: Renewal?
    package let createdAt: Int
    package let expiresAt: Int
    package var state: State = .pending

    package init(
        id: RecordID, deviceCodeHash: [UInt8], userCodeHash: [UInt8], userCode: UserCode, device: DeviceID,
        asking: AskingDevice, number: Int, loopback: LoopbackListener?, renewal: Renewal? = nil,
        createdAt: Int, expiresAt: Int
    ) {
        self.id = id
        self.deviceCodeHash = deviceCodeHash
        self.userCodeHash = userCodeHash
        self.userCode = userCode
        self.device = device
        self.asking = asking
        self.number = number
        self.loopback = loopback
        self.renewal = renewal
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    package func isExpired(at now: Int) -> Bool { now >= expiresAt }
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
