internal import Audit
internal import Cryptography
internal import Store
package import StrictJSON

/// The command `audit-list`: its members are in Docs/Audit.md, "Asking".
extension AuditLog {
    static var largestList: Int { 500 }
    /// Bytes of records in one answer: it must fit the line of a local socket.
    static var largestAnswer: Int { 700_000 }
    /// Seconds.
    static var longestWait: Int { 25 }

    package func list(_ members: JSONMembers) async throws(AuditQuestionFailure) -> JSON {
        let question = try Question(members, pseudonyms: pseudonyms)
        let changes = signal.subscribe(fromStart: true)
        var answer = try await answer(question)
        guard let wait = question.wait, answer.records.isEmpty else { return answer.json }
        let deadline = ContinuousClock.now + .seconds(wait)
        while answer.records.isEmpty, await Self.hasNews(changes, by: deadline, sleep) {
            answer = try await self.answer(question)
        }
        return answer.json
    }

    /// The command `audit-head`: the signed head, and the key that it is signed by.
    package func head() async throws(AuditQuestionFailure) -> JSON {
        do {
            let (head, sequence) = try await store.read { try ($0.auditMark(.head), $0.auditChain().sequence) }
            return [
                "head": head.map { .string($0) } ?? .null, "sequence": .integer(sequence),
                "key": .string(Base64URL.encode(signer.publicKey.bytes)),
            ]
        } catch {
            throw AuditQuestionFailure("the audit log cannot be read: \(Self.storeError(error).explanation)")
        }
    }

    private struct Answer: Sendable {
        var records: [JSON]
        var last: Int
        var isMore: Bool

        var json: JSON { ["records": .array(records), "last": .integer(last), "more": .bool(isMore)] }
    }

    private func answer(_ question: Question) async throws(AuditQuestionFailure) -> Answer {
        do {
            return try await store.read { reader in
                let end = try reader.auditChain().sequence
                let found =
                    if let after = question.after {
                        try reader.auditRecords(matching: question.query, after: after, limit: question.limit)
                    } else {
                        try reader.auditRecords(matching: question.query, last: question.limit)
                    }
                var bytes = 0
                let isOldestFirst = question.after != nil
                let fitting = (isOldestFirst ? found : found.reversed()).prefix { record in
                    bytes += record.body.count + 100
                    return bytes <= Self.largestAnswer
                }
                let shown = isOldestFirst ? Array(fitting) : fitting.reversed()
                let isMore = found.count == question.limit || shown.count < found.count
                return Answer(
                    records: shown.compactMap { try? $0.json() },
                    last: isOldestFirst && isMore ? shown.last?.sequence ?? end : max(end, question.after ?? 0),
                    isMore: isMore)
            }
        } catch {
            throw AuditQuestionFailure("the audit log cannot be read: \(Self.storeError(error).explanation)")
        }
    }

    /// False when the time is over or nothing will ever come.
    private static func hasNews(
        _ changes: AsyncStream<Void>, by deadline: ContinuousClock.Instant, _ sleep: @escaping Sleep
    ) async -> Bool {
        let left = deadline - .now
        guard left > .zero else { return false }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in changes { return true }
                return false
            }
            group.addTask {
                try? await sleep(left)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}

private struct Question: Sendable {
    var query = AuditQuery()
    var after: Int?
    var limit: Int
    var wait: Int?

    init(_ members: JSONMembers, pseudonyms: Pseudonyms) throws(AuditQuestionFailure) {
        let known = [
            "command", "stream", "outcome", "rule", "action", "user", "host", "since", "until", "after", "limit",
            "wait",
        ]
        if let unknown = members.members.keys.filter({ !known.contains($0) }).min() {
            throw AuditQuestionFailure(
                "audit-list knows no \(unknown.prefix(40)): \(known.dropFirst().joined(separator: ", "))")
        }
        do {
            query.stream = try Self.word(members, "stream")
            query.outcome = try Self.word(members, "outcome")
            query.rule = try members.optionalString("rule")
            query.action = try members.optionalString("action")
            if let user = try members.optionalString("user") { query.users = [user] }
            if let host = try members.optionalString("host") { query.hosts = [host] }
            query.since = try members.optionalInteger("since")
            query.until = try members.optionalInteger("until")
            after = try members.optionalInteger("after").map { max(0, $0) }
            limit = min(max(1, try members.optionalInteger("limit") ?? 100), AuditLog.largestList)
            wait = try members.optionalInteger("wait").map { min(max(0, $0), AuditLog.longestWait) }
        } catch let failure as AuditQuestionFailure { throw failure } catch JSONError.member(let name) {
            throw AuditQuestionFailure("audit-list: \(name) is of the wrong kind")
        } catch { throw AuditQuestionFailure("audit-list: \(error)") }
        if after == nil { wait = nil }
        query = query.asked(of: pseudonyms)
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ members: JSONMembers, _ name: String
    ) throws -> Word? {
        guard let text = try members.optionalString(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw AuditQuestionFailure("audit-list: \(name) is one of \(words)")
        }
        return word
    }
}
