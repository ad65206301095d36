import Glibc

/// One run: the scenario, a pause if it was asked for, and always the clean-up.
enum Demo {
    struct Options: Sendable {
        let fixtures: String
        let withTunnel: Bool
        let keeps: Bool
        let json: Bool
    }

    /// True: every step did what it says. Cancelling the task ends the scenario; the clean-up still runs.
    static func run(_ options: Options) async -> Bool {
        let report = Report(json: options.json)
        umask(0o077)
        do {
            let tools = try Tools(fixtures: options.fixtures, withTunnel: options.withTunnel)
            let place = try Place(tools: tools, withTunnel: options.withTunnel)
            await place.removeLeftovers(ip: tools.ip)
            let scenario = Scenario(place: place, tools: tools, report: report)
            // The report has what went wrong; what counts then is the clean-up.
            try? await scenario.run()
            if options.keeps, !Task.isCancelled {
                report.note(scenario.wordsForTryingByHand)
                await Pause.untilEnter()
            }
            scenario.stopOwnWork()
            // In a task of its own, which the interruption does not reach.
            let cleanUp = Task { try await CleanUp(place: place, tools: tools).run() }
            try? await report.step("clean-up") { try await cleanUp.value }
        } catch {
            try? await report.step("prerequisites") { throw error }
        }
        report.conclude()
        return report.isOK
    }
}

/// Until Enter, the end of standard input, or an interruption.
enum Pause {
    static func untilEnter() async {
        while !Task.isCancelled {
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            if poll(&input, 1, 0) > 0 {
                var byte: UInt8 = 0
                guard read(STDIN_FILENO, &byte, 1) == 1, byte != UInt8(ascii: "\n") else { return }
                continue
            }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }
}
