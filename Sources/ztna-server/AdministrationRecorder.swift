import Audit
import Auditing
import Gateway
import Identity
import Logging
import Store
import StrictJSON
import Wire

/// Where it is written down who did what.
struct AdministrationRecorder: Sendable {
    let logger: Logger
    let audit: AuditLog
    let clock: @Sendable () -> Int

    /// Returns when it is durable. Errors: in words; the command is done all the same.
    func recordDone(
        _ command: String, _ request: JSONMembers, _ administrator: Administrator
    ) async throws(ControlServices.Refusal) {
        logger.notice(
            "administrator's command", metadata: ["command": "\(command)", "by": "\(administrator.label)"])
        do throws(StoreError) {
            try await audit.store([event(command, request, administrator, .success, reason: Self.details(request))])
        } catch {
            logger.error(
                "an administrator's command could not be recorded",
                metadata: ["command": "\(command)", "error": "\(error.explanation)"])
            throw ControlServices.Refusal(
                .serverError, "\(command) is done, but it could not be recorded: \(error.explanation)")
        }
    }

    func recordRefusal(_ command: String, _ request: JSONMembers, _ administrator: Administrator, reason: String) {
        logger.notice(
            "administrator's command refused",
            metadata: [
                "command": "\(command)", "by": "\(administrator.label)", "reason": "\(reason.prefix(300))",
            ])
        audit.record(event(command, request, administrator, .refused, reason: reason))
    }

    private func event(
        _ command: String, _ request: JSONMembers, _ administrator: Administrator, _ outcome: AuditEvent.Outcome,
        reason: String?
    ) -> AuditEvent {
        var event = AuditEvent(
            .administration, command, outcome, at: clock(), subject: Self.subject(request), reason: reason)
        switch administrator {
        case .operator(let uid): event.actor = .administrator(uid: Int(uid))
        case .person(let caller, _):
            event.actor = .person(caller.person, label: caller.label)
            event.session = caller.session.text
            event.device = caller.device.thumbprint
        }
        event.provider = (try? request.optionalString("provider") ?? request.optionalString("connection")) ?? nil
        return event
    }

    /// What the command names.
    private static func subject(_ request: JSONMembers) -> AuditSubject? {
        let kinds: [(String, AuditSubject.Kind)] = [
            ("session", .session), ("node", .node), ("user", .person), ("person", .person), ("grant", .grant),
            ("hold", .hold), ("token", .token), ("revision", .policy), ("group", .group),
        ]
        for (name, kind) in kinds {
            guard let text = request.members[name]?.stringValue else { continue }
            return kind == .node || kind == .person
                ? AuditSubject(kind, id: nil, label: text) : AuditSubject(kind, id: text)
        }
        return nil
    }

    /// The rest of the request, short: never a file that came along.
    private static func details(_ request: JSONMembers) -> String? {
        let told: Set = [
            "command", "session", "node", "user", "person", "grant", "hold", "token", "revision", "group", "policy",
            "provider", "connection",
        ]
        let rest = request.members.filter { !told.contains($0.key) }.sorted { $0.key < $1.key }
        let words = rest.map { name, value in "\(name) " + (value.stringValue ?? value.encodedText()) }
        return words.isEmpty ? nil : String(words.joined(separator: ", ").prefix(500))
    }
}
