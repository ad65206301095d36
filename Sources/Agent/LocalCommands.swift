internal import Cryptography
internal import LocalSocket
internal import StrictJSON
internal import Wire

/// Answers `ztna` on the local socket.
struct LocalCommands: Sendable {
    let link: ControlLink
    let dataPlane: DataPlane?
    let attempts: AttemptLog
    let notices: StepUpNotices
    private let longRequests = LongRequests()

    init(link: ControlLink, dataPlane: DataPlane?, attempts: AttemptLog, notices: StepUpNotices) {
        self.link = link
        self.dataPlane = dataPlane
        self.attempts = attempts
        self.notices = notices
    }

    /// Serves one connection to its end; its task is cancelled when the client goes.
    func serve(_ received: JSON, _ responder: Responder) async throws {
        do {
            let request = try LocalRequest(parsing: received)
            switch request.command {
            case .login: try await signIn(request, responder)
            case .why:
                let answer = try await link.why(host: request.host ?? "", service: request.service)
                try await responder.send(Self.event(.result, ["answer": answer]))
            case .admin: try await administer(request, responder)
            case .watch: try await watch(responder)
            default: try await responder.send(Self.event(.result, try await result(of: request.command)))
            }
        } catch let failure as LocalFailure {
            try await responder.send(Self.error(failure))
        } catch let error as WireError {
            try await responder.send(
                Self.error(
                    LocalFailure(
                        .badRequest, "The request cannot be read: \(error.explanation).",
                        remedy: "`ztna` and `ztna-agent` should have the same version.")))
        }
    }

    private func signIn(_ request: LocalRequest, _ responder: Responder) async throws {
        let heard = LoopbackCode()
        let words = await link.fingerprintWords
        let conversation = SignInConversation(
            code: { answer in try await responder.send(Self.code(answer, words)) },
            waiting: { seconds in try await responder.send(Self.event(.waiting, ["expires_in": .integer(seconds)])) },
            signedIn: { person, end in
                try await responder.send(
                    Self.event(.signedIn, ["person": .string(person), "session_expires_at": .integer(end)]))
            },
            loopbackCode: { await heard.text })
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Until the sign-in ends; a client that says no more or something else is left alone.
            group.addTask { await heard.listen(to: responder) }
            defer { group.cancelAll() }
            try await link.signIn(request, conversation)
        }
        notices.forget()
        try await responder.send(Self.event(.result, link.whoAmI()))
    }

    /// Both ways in parts, where a line is too short.
    private func administer(_ request: LocalRequest, _ responder: Responder) async throws {
        let answer =
            if let parts = request.requestParts {
                try await longRequests.one { try await link.administer(Self.joined(parts, from: responder)) }
            } else {
                try await link.administer(request.request ?? [:])
            }
        let bytes = answer.encoded()
        guard bytes.count > EventSize.listBytes else {
            return try await responder.send(Self.event(.result, ["answer": answer]))
        }
        var parts = 0
        // Cut between code points, so that each part is text.
        var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while !rest.isEmpty {
            let part = rest.prefix(EventSize.partCodePoints)
            rest = rest[part.endIndex...]
            parts += 1
            try await responder.send(Self.event(.part, ["text": .string(String(part))]))
        }
        try await responder.send(Self.event(.result, ["parts": .integer(parts)]))
    }

    private static func joined(_ parts: Int, from responder: Responder) async throws -> JSON {
        var text = ""
        for _ in 0..<parts {
            guard let line = try await responder.nextLine(timeout: .seconds(10)),
                let part = line.objectValue?["part"]?.stringValue
            else { throw WireError.malformed("part") }
            text += part
            guard text.utf8.count <= LocalRequest.maximumPartBytes else { throw WireError.malformed("request") }
        }
        guard let json = try? JSON(parsing: text.utf8, maximumBytes: LocalRequest.maximumPartBytes),
            json.objectValue != nil
        else { throw WireError.malformed("request") }
        return json
    }

    /// Until the client goes.
    private func watch(_ responder: Responder) async throws {
        guard let stream = notices.watch() else {
            throw LocalFailure(.busy, "Too many commands watch already.", remedy: "End one of them.")
        }
        for await notice in stream { try await responder.send(Self.event(.notice, notice.json)) }
    }

    private func result(of command: LocalCommand) async throws -> JSON {
        switch command {
        case .version: return ["version": .string(ProgramVersion.current)]
        case .status: return await status()
        case .whoami: return try await link.whoAmI()
        case .peers: return await peers()
        case .refusals: return attempts.report(losses: await dataPlane?.attemptReading.lost ?? AttemptLosses())
        case .logout:
            let done = try await link.signOut()
            var members: [String: JSON] = ["server": .string(done.server.text), "revoked": .bool(done.isRevoked)]
            if let logoutURI = done.logoutURI { members["logout_uri"] = .string(logoutURI) }
            return .object(members)
        case .up, .down:
            try await link.setUp(command == .up)
            return ["state": .string(await link.localState.rawValue)]
        case .login, .why, .admin, .watch: throw WireError.malformed("command")
        }
    }

    private func status() async -> JSON {
        var members = await link.statusMembers()
        if let dataPlane {
            let tunnel = await dataPlane.statusMembers()
            // What keeps packets from flowing rightly comes before what keeps the control connection away.
            members.merge(tunnel) { _, new in new }
        } else {
            members["enforcing"] = false
            members["tunnel"] = "off"
        }
        if let last = notices.last { members["step_up_wanted"] = last.json }
        return .object(members)
    }

    private func peers() async -> JSON {
        let traffic = await dataPlane?.peerStatus() ?? [:]
        let reports = await link.peerReports().map { key, known in
            JSON.object(known.merging(traffic[key] ?? [:]) { _, new in new })
        }
        return ["peers": .array(EventSize.fitting(reports)), "state": .string(await link.localState.rawValue)]
    }

    private static func code(_ answer: DeviceAuthorizationAnswer, _ words: [String]) -> JSON {
        var members: [String: JSON] = [
            "verification_uri": .string(answer.verificationURI),
            "verification_uri_complete": .string(answer.verificationURIComplete),
            "user_code": .string(answer.userCode), "number": .string(answer.number),
            "expires_in": .integer(answer.expiresIn), "words": .array(words.map { .string($0) }),
        ]
        if let local = answer.verificationURILocal { members["verification_uri_local"] = .string(local) }
        return event(.code, .object(members))
    }

    private static func event(_ event: LocalEvent, _ members: JSON) -> JSON {
        var all = members.objectValue ?? [:]
        all["event"] = .string(event.rawValue)
        return .object(all)
    }

    private static func error(_ failure: LocalFailure) -> JSON {
        event(
            .error,
            [
                "error": .string(failure.name.rawValue), "message": .string(failure.message),
                "remedy": .string(failure.remedy),
            ])
    }
}

/// The code that the browser brought to the command line's loopback listener.
private actor LoopbackCode {
    private(set) var text: String?

    func listen(to responder: Responder) async {
        while let line = try? await responder.nextLine(timeout: .seconds(3600)) {
            guard let code = line.objectValue?["loopback_code"]?.stringValue, code.utf8.count <= 512 else { continue }
            text = code
        }
    }
}

/// An event line is at most 1 MiB: of a longer list the first entries are told.
enum EventSize {
    static let listBytes = 1_000_000
    /// Of at most six bytes each, with escapes: below the limit of a line.
    static let partCodePoints = 100_000

    static func fitting(_ entries: [JSON]) -> [JSON] {
        var bytes = 0
        return Array(
            entries.prefix { entry in
                bytes += entry.encoded().count + 1
                return bytes <= listBytes
            })
    }
}
