internal import SignedDocuments
internal import StrictJSON

/// When the newest documents that this device has accepted were signed: older ones are replayed, or from a server whose clock
/// went back. Seconds since the epoch, by the server's clock; 0: none yet.
package struct AcceptedTimes: Hashable, Sendable {
    package var authorization: Int
    package var policy: Int

    package init(authorization: Int = 0, policy: Int = 0) {
        self.authorization = authorization
        self.policy = policy
    }

    /// Signing of two kinds in one server, and a server's small corrections of its clock, may overlap so far.
    package func permits(authorizationOf time: Int) -> Bool { time >= authorization - Validity.skew }
    package func permits(policyOf time: Int) -> Bool { time >= policy - Validity.skew }

    package mutating func raise(authorization time: Int? = nil, policy other: Int? = nil) {
        authorization = max(authorization, time ?? 0)
        policy = max(policy, other ?? 0)
    }
}

/// The accepted times of each server on disk: `accepted.json`, `{server: {"authorization", "policy"}}`.
///
/// Written when they have risen, at most once a minute. The file is a protection that the agent works without: one that
/// cannot be read or written is told and never keeps it from its work.
package struct AcceptedTimesFile: Sendable {
    package static let fileName = "accepted.json"
    package static let pause = 60
    /// A device knows one server, or a few in its life; further ones are kept in memory alone.
    static let maximumServers = 64

    private let directory: StateDirectory
    private var servers: [String: AcceptedTimes] = [:]
    private var isWritten = true
    /// When it was last tried, in seconds since the epoch.
    private var triedAt: Int?
    /// What is wrong with the file as it was found.
    package private(set) var fault: StateError?

    package init(in directory: StateDirectory) {
        self.directory = directory
        do throws(StateError) { servers = try Self.read(in: directory) } catch { fault = error }
    }

    package func times(of server: ServerURL) -> AcceptedTimes { servers[server.text] ?? AcceptedTimes() }

    /// Takes times in that are not below those known, and writes what was not written yet where that is due. Errors: as
    /// `StateDirectory.write`; it is tried again a minute later.
    package mutating func remember(_ times: AcceptedTimes, of server: ServerURL, now: Int) throws(StateError) {
        var known = self.times(of: server)
        known.raise(authorization: times.authorization, policy: times.policy)
        if known != servers[server.text], servers[server.text] != nil || servers.count < Self.maximumServers {
            servers[server.text] = known
            isWritten = false
        }
        // Set back or on, the clock tells nothing of what has passed.
        if let triedAt, (0..<Self.pause).contains(now - triedAt) { return }
        try write(now: now)
    }

    /// Errors: as `StateDirectory.write`.
    package mutating func write(now: Int) throws(StateError) {
        guard !isWritten else { return }
        triedAt = now
        try directory.write(json.encoded(), to: Self.fileName)
        isWritten = true
    }

    private var json: JSON {
        .object(
            servers.mapValues {
                ["authorization": .integer($0.authorization), "policy": .integer($0.policy)]
            })
    }

    private static func read(in directory: StateDirectory) throws(StateError) -> [String: AcceptedTimes] {
        guard let bytes = try directory.read(fileName) else { return [:] }
        do {
            let members = try JSONMembers(parsing: bytes)
            guard members.members.count <= maximumServers else { throw JSONError.member("servers") }
            var servers: [String: AcceptedTimes] = [:]
            for name in members.members.keys {
                guard ServerURL(name)?.text == name else { throw JSONError.member("server") }
                let times = try members.object(name)
                let (authorization, policy) = (try times.integer("authorization"), try times.integer("policy"))
                guard authorization >= 0 else { throw JSONError.member("authorization") }
                guard policy >= 0 else { throw JSONError.member("policy") }
                servers[name] = AcceptedTimes(authorization: authorization, policy: policy)
            }
            return servers
        } catch JSONError.member(let member) {
            throw StateError.corrupted(path: directory.location(of: fileName), member: member)
        } catch { throw StateError.corrupted(path: directory.location(of: fileName), member: "JSON") }
    }
}
