package import Cryptography
package import LinuxNetwork
package import NetworkAddresses

/// What the agent takes from outside: time, randomness, the network, and what this machine is called.
package struct AgentEnvironment: Sendable {
    /// Whole seconds since the epoch.
    package var now: @Sendable () -> Int
    /// All clocks at one moment; its real time is `now`.
    package var clocks: @Sendable () -> ClockReading
    package var sleep: @Sendable (Duration) async throws -> Void
    package var randomness: Randomness
    package var transport: ControlTransport
    /// A wish; the server makes it unique.
    package var hostName: String
    package var operatingSystem: String
    /// Where this machine may be reached now, with the port WireGuard listens on.
    package var candidates: @Sendable (UInt16) async -> [Endpoint]

    package init(
        now: @escaping @Sendable () -> Int, sleep: @escaping @Sendable (Duration) async throws -> Void,
        randomness: Randomness, transport: ControlTransport, hostName: String, operatingSystem: String,
        candidates: @escaping @Sendable (UInt16) async -> [Endpoint],
        clocks: (@Sendable () -> ClockReading)? = nil
    ) {
        self.now = now
        // Without other clocks, all of them are the wall clock.
        self.clocks =
            clocks
            ?? {
                let time = now() * 1_000_000_000
                return ClockReading(realTime: time, monotonic: time, bootTime: time)
            }
        self.sleep = sleep
        self.randomness = randomness
        self.transport = transport
        self.hostName = hostName
        self.operatingSystem = operatingSystem
        self.candidates = candidates
    }
}
