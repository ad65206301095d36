internal import Cryptography
internal import Identity
internal import Sessions
internal import StrictJSON

/// The columns of a stored device authorization.
struct DeviceAuthorizationKeys: Hashable {
    let id: RecordID
    let deviceCodeHash: [UInt8]
    let userCodeHash: [UInt8]
    /// Set while the browser is at the identity provider, and while the answer waits for the browser to come for it.
    let stateHash: [UInt8]?
    let expiresAt: Int
}

/// A device authorization as columns and a JSON object; bytes are base64url. Reading throws for anything unexpected.
extension DeviceAuthorization {
    /// What is not in a column; far above what any identity provider's token takes.
    static let maximumBodyBytes = 1 << 20

    var keys: DeviceAuthorizationKeys {
        let stateHash: [UInt8]? =
            switch state {
            case .redirected(_, let redirect): redirect.stateHash
            case .answered(_, _, let handleHash): handleHash
            case .pending, .claimed, .authenticated, .approved, .redeemed, .denied, .failed: nil
            }
        return DeviceAuthorizationKeys(
            id: id, deviceCodeHash: deviceCodeHash, userCodeHash: userCodeHash, stateHash: stateHash,
            expiresAt: expiresAt)
    }

    var body: String {
        JSONWriter.text(capacity: 1024) { writer in
            writer.object("asking") { writer in
                writer.member("address", asking.address)
                writer.member("host_name", asking.hostName)
                writer.member("operating_system", asking.operatingSystem)
                writer.member("public_key", bytes: asking.publicKey)
            }
            writer.member("created_at", createdAt)
            writer.member("device", device.thumbprint)
            if let loopback {
                writer.object("loopback") { writer in
                    writer.member("port", Int(loopback.port))
                    writer.member("token_hash", bytes: loopback.tokenHash)
                }
            }
            writer.member("number", number)
            if let renewal {
                writer.object("renewal") { writer in
                    writer.member("label", renewal.label)
                    writer.member("person", renewal.person.text)
                    writer.member("provider", renewal.provider.text)
                    writer.member("session", renewal.session.text)
                }
            }
            writer.object("state") { writer in state.write(to: &writer) }
        }
    }

    init(_ keys: DeviceAuthorizationKeys, body: String) throws {
        let members = try JSONMembers(parsing: body.utf8, maximumBytes: Self.maximumBodyBytes)
        let asking = try members.object("asking")
        let loopback = try members.optionalObject("loopback").map { members in
            guard let port = UInt16(exactly: try members.integer("port")) else { throw JSONError.member("port") }
            return LoopbackListener(port: port, tokenHash: try members.bytes("token_hash"))
        }
        let renewal = try members.optionalObject("renewal").map { members in
            Renewal(
                session: try members.parsed("session") { SessionID($0) },
                person: try members.parsed("person") { PersonID($0) },
                provider: try members.parsed("provider") { ProviderID($0) },
                label: try members.optionalString("label") ?? "")
        }
        self.init(
            id: keys.id, deviceCodeHash: keys.deviceCodeHash, userCodeHash: keys.userCodeHash,
            device: try members.parsed("device") { DeviceID($0) },
            asking: AskingDevice(
                hostName: try asking.string("host_name"), operatingSystem: try asking.string("operating_system"),
                address: try asking.string("address"), publicKey: try asking.bytes("public_key")),
            number: try members.integer("number"), loopback: loopback, renewal: renewal,
            createdAt: try members.integer("created_at"), expiresAt: keys.expiresAt)
        state = try State(members.object("state"), stateHash: keys.stateHash)
    }
}

extension DeviceAuthorization.State {
    fileprivate func write(to writer: inout JSONWriter) {
        switch self {
        case .pending: writer.member("is", "pending")
        case .claimed(let browser):
            writer.object("browser") { browser.write(to: &$0) }
            writer.member("is", "claimed")
        case .redirected(let browser, let redirect):
            writer.object("browser") { browser.write(to: &$0) }
            writer.member("is", "redirected")
            writer.object("redirect") { redirect.write(to: &$0) }
        case .answered(let browser, let signIn, _): Self.write("answered", browser, signIn, to: &writer)
        case .authenticated(let browser, let signIn): Self.write("authenticated", browser, signIn, to: &writer)
        case .approved(let approval):
            writer.member("is", "approved")
            writer.member("loopback", bytes: approval.loopback?.hash)
            writer.member("person", approval.person.text)
            writer.member("session", approval.session.text)
            writer.object("sign_in") { approval.signIn.write(to: &$0) }
        case .redeemed(let session):
            writer.member("is", "redeemed")
            writer.member("session", session.text)
        case .denied(let denial):
            writer.member("by", denial.rawValue)
            writer.member("is", "denied")
        case .failed(let reason):
            writer.member("is", "failed")
            writer.member("reason", reason)
        }
    }

    private static func write(
        _ name: String, _ browser: BrowserBinding, _ signIn: SignIn, to writer: inout JSONWriter
    ) {
        writer.object("browser") { browser.write(to: &$0) }
        writer.member("is", name)
        writer.object("sign_in") { signIn.write(to: &$0) }
    }

    fileprivate init(_ members: JSONMembers, stateHash: [UInt8]?) throws {
        let browser = { try BrowserBinding(members.object("browser")) }
        switch try members.string("is") {
        case "pending": self = .pending
        case "claimed": self = .claimed(try browser())
        case "redirected":
            guard let stateHash else { throw JSONError.member("state_hash") }
            self = .redirected(
                try browser(), try ProviderRedirect(members.object("redirect"), stateHash: stateHash))
        case "answered":
            guard let stateHash else { throw JSONError.member("state_hash") }
            self = .answered(try browser(), try SignIn(members.object("sign_in")), handleHash: stateHash)
        case "authenticated": self = .authenticated(try browser(), try SignIn(members.object("sign_in")))
        case "approved":
            self = .approved(
                Approval(
                    session: try members.parsed("session") { SessionID($0) },
                    person: try members.parsed("person") { PersonID($0) },
                    signIn: try SignIn(members.object("sign_in")),
                    loopback: try members.optionalBytes("loopback").map { LoopbackCode(hash: $0) }))
        case "redeemed": self = .redeemed(try members.parsed("session") { SessionID($0) })
        case "denied": self = .denied(try members.parsed("by") { DeviceAuthorization.Denial(rawValue: $0) })
        case "failed": self = .failed(reason: try members.string("reason"))
        default: throw JSONError.member("is")
        }
    }
}

extension BrowserBinding {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member("cookie_hash", bytes: cookieHash)
        writer.member("is_local", isLocal)
        writer.member("numbers", numbers)
    }

    fileprivate init(_ members: JSONMembers) throws {
        let numbers = try members.array("numbers").map { element in
            guard let number = element.integerValue else { throw JSONError.member("numbers") }
            return number
        }
        self.init(
            cookieHash: try members.bytes("cookie_hash"), isLocal: try members.bool("is_local"), numbers: numbers)
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, bytes: [UInt8]) { member(name, Base64URL.encode(bytes)) }

    /// `null` for nil.
    mutating func member(_ name: StaticString, bytes: [UInt8]?) { member(name, bytes.map { Base64URL.encode($0) }) }
}

extension JSONMembers {
    func bytes(_ name: String) throws(JSONError) -> [UInt8] {
        guard let bytes = Base64URL.decode(try string(name)) else { throw .member(name) }
        return bytes
    }

    func optionalBytes(_ name: String) throws(JSONError) -> [UInt8]? {
        try optionalString(name) == nil ? nil : bytes(name)
    }

    func optionalObject(_ name: String) throws(JSONError) -> JSONMembers? {
        has(name) ? try object(name) : nil
    }

    func parsed<Value>(_ name: String, _ parse: (String) -> Value?) throws(JSONError) -> Value {
        guard let value = parse(try string(name)) else { throw .member(name) }
        return value
    }
}
