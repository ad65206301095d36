/// Every wait of the demo: asks again until there is an answer, and never for longer than it says.
enum Waiting {
    /// Errors: `DemoFailure` when the time is over, `CancellationError`, and what `attempt` throws.
    static func until<Value>(
        _ what: @autoclosure () -> String, within limit: Duration = .seconds(15),
        every pause: Duration = .milliseconds(50),
        isolation: isolated (any Actor)? = #isolation, _ attempt: () async throws -> Value?
    ) async throws -> Value {
        let end = ContinuousClock.now + limit
        while true {
            if let value = try await attempt() { return value }
            guard .now < end else {
                throw DemoFailure("waited \(limit.components.seconds) s in vain for \(what())")
            }
            try await Task.sleep(for: pause)
        }
    }
}
