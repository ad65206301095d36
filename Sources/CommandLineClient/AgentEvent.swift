package import StrictJSON
internal import Wire

/// One event line of the agent, read.
package enum AgentEvent: Sendable {
    case code(SignInCode)
    case waiting(expiresIn: Int)
    case signedIn(person: String, sessionExpiresAt: Int?)
    /// A piece of a long answer.
    case part(String)
    case notice(NoticeAnswer)
    case result(JSONMembers)

    /// Nil for an event that this version does not know. Throws what an `error` event says.
    package init?(parsing line: JSON) throws(ClientFailure) {
        guard let members = try? JSONMembers(line), let name = members.members["event"]?.stringValue else {
            throw .unreadable("event")
        }
        guard let event = LocalEvent(rawValue: name) else { return nil }
        if event == .error { throw ClientFailure(event: members.members) }
        do throws(JSONError) {
            switch event {
            case .code: self = .code(try SignInCode(members))
            case .waiting: self = .waiting(expiresIn: try members.integer("expires_in"))
            case .signedIn:
                self = .signedIn(
                    person: try members.string("person"),
                    sessionExpiresAt: try members.optionalInteger("session_expires_at"))
            case .part: self = .part(try members.string("text"))
            case .notice: self = .notice(try NoticeAnswer(members))
            case .result: self = .result(members)
            case .error: return nil
            }
        } catch {
            throw .unreadable(error.memberName)
        }
    }
}

/// An event, and the line that it came in: `--json` hands that on.
package struct ReceivedEvent: Sendable {
    package var event: AgentEvent
    package var line: JSON
}

/// A refusal that a step-up would cure.
package struct NoticeAnswer: Hashable, Sendable {
    package var time: Int
    package var message: String
    package var remedy: String

    package init(_ members: JSONMembers) throws(JSONError) {
        time = try members.integer("time")
        message = try members.string("message")
        remedy = try members.string("remedy")
    }
}

/// What a person needs to sign in: where to go, and what to type and pick there.
package struct SignInCode: Hashable, Sendable {
    package var verificationURI: String
    /// With the code in it: for the QR code and for a browser that is on another machine.
    package var complete: String
    /// For a browser on this machine only; absent when no loopback listener was named.
    package var local: String?
    package var userCode: String
    package var number: String
    package var expiresIn: Int
    package var words: [String]

    package init(_ members: JSONMembers) throws(JSONError) {
        verificationURI = try members.string("verification_uri")
        complete = try members.string("verification_uri_complete")
        local = try members.optionalString("verification_uri_local")
        userCode = try members.string("user_code")
        number = try members.string("number")
        expiresIn = try members.integer("expires_in")
        words = try members.strings("words")
    }

    /// What may be handed to a browser: an http(s) address on the server's own page, of visible ASCII only.
    package var browserURL: String? {
        guard let local, local.hasPrefix(verificationURI), Self.isWebAddress(local) else { return nil }
        return local
    }

    /// Where the browser goes once it has handed over its code.
    package func doneURL(afterStepUp: Bool) -> String? {
        Self.isWebAddress(verificationURI) ? verificationURI + (afterStepUp ? "/done?renewed=1" : "/done") : nil
    }

    private static func isWebAddress(_ text: String) -> Bool {
        (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= 2048
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
    }
}

extension JSONError {
    var memberName: String {
        switch self {
        case .member(let name): name
        default: "JSON"
        }
    }
}
