import Glibc
import StrictJSON

/// What an administrator does, with the real `ztna-server` commands.
struct Administration: Sendable {
    let files: ServerFiles
    let tools: Tools
    let programs: ChildPrograms

    /// Seconds since the epoch.
    var now: Int { time(nil) }

    func tag(_ host: String, _ tag: String) async throws {
        try await programs.run([tools.server, "nodes", "tag", "--config", files.configuration, host, tag])
    }

    func replacePolicy(with text: String) async throws {
        try File.write(text, to: files.policy)
        try await programs.run([tools.server, "policy", "reload", "--config", files.configuration])
    }

    /// The session of the device with that host name.
    func session(of host: String) async throws -> String {
        let output = try await programs.run([
            tools.server, "sessions", "list", "--json", "--config", files.configuration,
        ])
        let sessions = try JSON(parsing: Array(output.utf8)).arrayValue ?? []
        guard
            let session = try sessions.map({ try JSONMembers($0) }).first(where: { $0.members["host"] == .string(host) }
            )
        else { throw DemoFailure("`ztna-server sessions list` has no session of \(host)") }
        return try session.string("session")
    }

    /// The moment just before the command started.
    func endSession(_ session: String) async throws -> ContinuousClock.Instant {
        let start = ContinuousClock.now
        try await programs.run([tools.server, "sessions", "end", "--config", files.configuration, session])
        return start
    }

    /// The newest record of the audit log that the filters let through and whose line has the words, once it is there:
    /// devices send what they saw every few seconds.
    func auditLine(_ filters: [String], with words: String) async throws -> String {
        try await Waiting.until("\(words) in the audit log", within: .seconds(20), every: .milliseconds(250)) {
            let output = try await programs.run(
                [tools.server, "audit", "list", "--config", files.configuration] + filters)
            return output.split(separator: "\n").last { $0.contains(words) }.map(String.init)
        }
    }

    /// What the check of the whole log says. Errors: `DemoFailure` when anything was changed.
    func verifiedAudit() async throws -> String {
        let output = try await programs.run([tools.server, "audit", "verify", "--state", files.state])
        return output.split(separator: "\n").last.map(String.init) ?? output
    }
}
