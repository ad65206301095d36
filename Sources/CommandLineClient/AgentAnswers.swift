package import StrictJSON
package import Wire

/// `status`, read. Members as in `LocalProtocol`; times are seconds since the epoch.
package struct StatusAnswer: Sendable {
    package var version: String
    package var state: LocalState
    package var server: String?
    package var device: String
    package var words: [String]
    package var host: String?
    package var addresses: [String]
    package var person: String?
    package var sessionExpiresAt: Int?
    package var authorizationExpiresAt: Int?
    package var peers: Int
    package var policyRevision: String?
    /// What the device calls itself, where the policy speaks of that name and no administrator gave it to it.
    package var withheldName: String?
    package var isEnforcing: Bool
    package var checkedAt: Int?
    package var interface: String?
    package var tunnel: String
    package var problem: String?
    package var remedy: String?
    package var control: String
    package var controlSince: Int?
    package var nextAttemptAt: Int?
    /// The last refusal that a step-up would cure.
    package var stepUpWanted: NoticeAnswer?

    package init(_ members: JSONMembers) throws(ClientFailure) {
        do throws(JSONError) {
            guard let state = LocalState(rawValue: try members.string("state")) else { throw .member("state") }
            self.state = state
            version = try members.string("version")
            server = try members.optionalString("server")
            device = try members.string("device")
            words = try members.strings("words")
            host = try members.optionalString("host")
            addresses = try members.strings("addresses")
            person = try members.optionalString("person")
            sessionExpiresAt = try members.optionalInteger("session_expires_at")
            authorizationExpiresAt = try members.optionalInteger("authorization_expires_at")
            peers = try members.integer("peers")
            policyRevision = try members.optionalString("policy_revision")
            withheldName = try members.optionalString("withheld_name")
            isEnforcing = try members.bool("enforcing")
            checkedAt = try members.optionalInteger("checked_at")
            interface = try members.optionalString("interface")
            tunnel = try members.string("tunnel")
            problem = try members.optionalString("problem")
            remedy = try members.optionalString("remedy")
            control = try members.string("control")
            controlSince = try members.optionalInteger("control_since")
            nextAttemptAt = try members.optionalInteger("next_attempt_at")
            stepUpWanted = try members.has("step_up_wanted") ? NoticeAnswer(members.object("step_up_wanted")) : nil
        } catch { throw .unreadable(error.memberName) }
    }
}

/// `whoami`, read.
package struct PersonAnswer: Sendable {
    package var server: String
    package var device: String
    package var words: [String]
    /// "Alice Example <alice@example.com>", or the label of somebody without both.
    package var person: String
    package var provider: String
    package var groups: [String]
    package var tags: [String]
    package var host: String
    package var addresses: [String]
    package var amr: [String]
    package var authTime: Int?
    package var mfaAt: Int?
    package var sessionExpiresAt: Int
    package var authorizationExpiresAt: Int

    package init(_ members: JSONMembers) throws(ClientFailure) {
        do throws(JSONError) {
            server = try members.string("server")
            device = try members.string("device")
            words = try members.strings("words")
            let name = try members.string("name")
            let email = try members.optionalString("email")
            let label = try members.string("person")
            person = email.map { name.isEmpty || name == $0 ? label : "\(name) <\($0)>" } ?? label
            provider = try members.string("provider")
            groups = try members.strings("groups")
            tags = try members.strings("tags")
            host = try members.string("host")
            addresses = try members.strings("addresses")
            amr = try members.strings("amr")
            authTime = try members.optionalInteger("auth_time")
            mfaAt = try members.optionalInteger("mfa_at")
            sessionExpiresAt = try members.integer("session_expires_at")
            authorizationExpiresAt = try members.integer("authorization_expires_at")
        } catch { throw .unreadable(error.memberName) }
    }
}

/// One of `peers`, read.
package struct PeerAnswer: Sendable {
    package var host: String
    package var person: String
    package var groups: [String]
    package var addresses: [String]
    package var mayReachUs: [String]
    package var weMayReach: [String]
    package var endpoint: String?
    package var lastHandshake: Int?
    package var received: Int
    package var sent: Int

    init(_ members: JSONMembers) throws(JSONError) {
        host = try members.string("host")
        person = try members.string("person")
        groups = try members.strings("groups")
        addresses = try members.strings("addresses")
        mayReachUs = try members.strings("may_reach_us")
        weMayReach = try members.has("we_may_reach") ? members.strings("we_may_reach") : []
        endpoint = try members.optionalString("endpoint")
        lastHandshake = try members.optionalInteger("last_handshake")
        received = try members.optionalInteger("received") ?? 0
        sent = try members.optionalInteger("sent") ?? 0
    }

    package static func list(_ members: JSONMembers) throws(ClientFailure) -> [PeerAnswer] {
        do throws(JSONError) {
            var peers: [PeerAnswer] = []
            for element in try members.array("peers") { peers.append(try PeerAnswer(JSONMembers(element))) }
            return peers
        } catch { throw .unreadable(error.memberName) }
    }
}

/// `refusals`, read.
package struct RefusalsAnswer: Sendable {
    package struct Refusal: Sendable {
        package var time: Int
        package var isInbound: Bool
        package var source: String
        package var destination: String
        package var service: String
        package var person: String?
        package var host: String?
        package var count: Int
        package var reason: String
    }

    /// Newest first.
    package var refusals: [Refusal] = []
    /// Packets that the log lost.
    package var unread: Int
    /// Attempts that the kernel decided and logged while no agent ran.
    package var unattended: Int

    package init(_ members: JSONMembers) throws(ClientFailure) {
        do throws(JSONError) {
            unread = try members.optionalInteger("unread") ?? 0
            unattended = try members.optionalInteger("unattended") ?? 0
            for element in try members.array("refusals") {
                let row = try JSONMembers(element)
                refusals.append(
                    Refusal(
                        time: try row.integer("time"), isInbound: try row.string("direction") == "in",
                        source: try row.string("source"), destination: try row.string("destination"),
                        service: try row.string("service"), person: try row.optionalString("person"),
                        host: try row.optionalString("host"), count: try row.optionalInteger("count") ?? 1,
                        reason: try row.string("reason")))
            }
        } catch { throw .unreadable(error.memberName) }
    }
}
