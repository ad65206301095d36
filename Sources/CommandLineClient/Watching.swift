internal import StrictJSON
internal import Wire

/// `ztna watch`: says, as it happens, what was refused to this device's person for want of a recent second factor.
package struct Watching: Sendable {
    private let socket: String
    private let console: Console

    package init(socket: String, console: Console) {
        self.socket = socket
        self.console = console
    }

    package func run(interruptions: AsyncStream<Void>) async -> CommandOutcome {
        let conversation: AgentConversation
        do throws(ClientFailure) {
            conversation = try await AgentConversation.begin(LocalRequest(command: .watch), socket: socket)
        } catch { return console.report(error) }
        defer { conversation.close() }
        if !console.json { console.note("Watching for refusals that a second factor would cure. End with Ctrl-C.") }
        return await withTaskGroup(of: CommandOutcome?.self) { group in
            group.addTask { await listen(to: conversation) }
            group.addTask {
                for await _ in interruptions { return .interrupted }
                return nil
            }
            while let outcome = await group.next() {
                guard let outcome else { continue }
                // In this order: what ends because of it is then no failure.
                group.cancelAll()
                conversation.close()
                return outcome
            }
            return .interrupted
        }
    }

    private func listen(to conversation: AgentConversation) async -> CommandOutcome {
        do throws(ClientFailure) {
            while true {
                let received = try await conversation.next(timeout: .seconds(86_400 * 365))
                guard case .notice(let notice) = received.event else { continue }
                if console.json {
                    console.print(json: received.line)
                } else {
                    let style = console.style
                    console.print([
                        style.dim(console.time().second(notice.time)) + "  "
                            + style.yellow(SafeText.line(notice.message)),
                        "          " + SafeText.line(notice.remedy),
                    ])
                }
            }
        } catch { return Task.isCancelled ? .interrupted : console.report(error) }
    }
}
