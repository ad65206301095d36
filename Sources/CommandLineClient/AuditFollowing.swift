package import StrictJSON
internal import Wire

/// `ztna admin audit`: the newest records, and with `follows` those that come. Source: Docs/Audit.md, "Asking".
package struct AuditFollowing: Sendable {
    /// How long the server waits for something new, in seconds.
    static let wait = 20

    private let questions: ServerQuestions
    private let filters: [String: JSON]
    private let follows: Bool
    private let limit: Int

    package init(_ questions: ServerQuestions, filters: [String: JSON], follows: Bool, limit: Int) {
        self.questions = questions
        self.filters = filters
        self.follows = follows
        self.limit = limit
    }

    /// Returns when there is no more, or when it is interrupted.
    package func run(interruptions: AsyncStream<Void>) async -> CommandOutcome {
        await withTaskGroup(of: CommandOutcome?.self) { group in
            group.addTask { await self.show() }
            group.addTask {
                for await _ in interruptions { return .interrupted }
                return nil
            }
            while let outcome = await group.next() {
                guard let outcome else { continue }
                group.cancelAll()
                return outcome
            }
            return .interrupted
        }
    }

    private func show() async -> CommandOutcome {
        var members = filters
        members["limit"] = .integer(limit)
        var isFirst = true
        while !Task.isCancelled {
            do throws(ClientFailure) {
                let answer = JSONRow(
                    try await AgentConversation.answer(
                        ServerQuestions.request("audit-list", members), socket: questions.socket))
                guard let last = answer.integer("last") else { throw .unreadable("last") }
                print(answer.rows("records"), isFirst: isFirst)
                guard follows else { return .ok }
                isFirst = false
                members["after"] = .integer(last)
                members["limit"] = 500
                members["wait"] = .integer(Self.wait)
            } catch { return Task.isCancelled ? .interrupted : questions.console.report(error) }
        }
        return .interrupted
    }

    private func print(_ records: [JSON], isFirst: Bool) {
        let console = questions.console
        if console.json {
            // One record a line, for programs that read as it comes.
            for record in records { console.print(json: record) }
        } else if !records.isEmpty {
            console.print(AuditText.lines(records, time: console.time(), style: console.style))
        } else if isFirst, !follows {
            console.print(["Nothing that fits was recorded."])
        }
    }
}
