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
        var members: [String: JSON] = [
            "user_code": .string(userCode.letters), "device": .string(device.thumbprint), "number": .integer(number),
            "created_at": .integer(createdAt),
            "asking": [
                "host_name": .string(asking.hostName), "operating_system": .string(asking.operatingSystem),
                "address": .string(asking.address), "public_key": .bytes(asking.publicKey),
            ],
            "state": state.json,
        ]
        if let loopback {
            members["loopback"] = ["port": .integer(Int(loopback.port)), "token_hash": .bytes(loopback.tokenHash)]
        }
        if let renewal {
            members["renewal"] = [
                "session": .string(renewal.session.text), "person": .string(renewal.person.text),
                "provider": .string(renewal.provider.text),
            ]
        }
        return JSON.object(members).encodedText()
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
                provider: try members.parsed("provider") { ProviderID($0) })
        }
        self.init(
            id: keys.id, deviceCodeHash: keys.deviceCodeHash, userCodeHash: keys.userCodeHash,
            userCode: try members.parsed("user_code") { UserCode(typed: $0) },
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
    fileprivate var json: JSON {
        switch self {
        case .pending: ["is": "pending"]
        case .claimed(let browser): ["is": "claimed", "browser": browser.json]
        case .redirected(let browser, let redirect):
            ["is": "redirected", "browser": browser.json, "redirect": redirect.json]
        case .answered(let browser, let signIn, _):
            ["is": "answered", "browser": browser.json, "sign_in": signIn.json]
        case .authenticated(let browser, let signIn):
            ["is": "authenticated", "browser": browser.json, "sign_in": signIn.json]
        case .approved(let approval):
            [
                "is": "approved", "session": .string(approval.session.text), "person": .string(approval.person.text),
                "sign_in": approval.signIn.json, "loopback": approval.loopback.map { .bytes($0.hash) } ?? .null,
            ]
        case .redeemed(let session): ["is": "redeemed", "session": .string(session.text)]
        case .denied: ["is": "denied"]
        case .failed(let reason): ["is": "failed", "reason": .string(reason)]
        }
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
        case "denied": self = .denied
        case "failed": self = .failed(reason: try members.string("reason"))
        default: throw JSONError.member("is")
        }
    }
}

extension BrowserBinding {
    fileprivate var json: JSON {
        [
            "cookie_hash": .bytes(cookieHash), "is_local": .bool(isLocal),
            "numbers": .array(numbers.map { .integer($0) }),
        ]
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

extension JSON {
    static func bytes(_ bytes: [UInt8]) -> JSON { .string(Base64URL.encode(bytes)) }
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
