/// From an event to the last byte of the flow that it ends, while another flow goes on.
struct LastByte {
    /// A flow of bytes from a device to a port of carol's.
    struct Path {
        let device: Device
        let port: UInt16
        let service: EchoService
    }

    let bytes: Int
    let milliseconds: Int
    /// The longest time without a byte of the flow that goes on, from the event to a second and a half after its effect.
    let gapBeside: Int?

    /// Longer than that, and what is still allowed has stalled.
    private static let longestGap = Duration.seconds(2)

    /// Lets bytes run, does what is to stop them on `path` and not `beside`, and stops the clock at the last byte at either
    /// end. Errors: `DemoFailure`, also when it takes a second, or what is beside stalls.
    static func measure(
        _ path: Path, beside: Path? = nil, network: Network, address: String,
        after event: () async throws -> ContinuousClock.Instant
    ) async throws -> LastByte {
        let flow = try await start(path, network, address)
        defer { flow.stop() }
        var other: RunningFlow?
        defer { other?.stop() }
        if let beside { other = try await start(beside, network, address) }
        try await untilRunning(flow)
        other?.watchGaps()
        let start = try await event()
        let last = try await Waiting.until("the last byte", within: .seconds(10)) { () -> ContinuousClock.Instant? in
            guard let last = [flow.lastByte, path.service.lastByte].compactMap({ $0 }).max() else { return nil }
            // Silence for a second and a half: no byte will follow.
            return last + .milliseconds(1500) < .now ? last : nil
        }
        guard last + pauseOfBusyMachine > start else {
            throw DemoFailure("the bytes had stopped \(start - last) before \(path.device.person.name) was cut off")
        }
        let milliseconds = max(0, Milliseconds.of(last - start))
        guard milliseconds < 1000 else { throw DemoFailure("the last byte passed after \(milliseconds) ms") }
        let gap = other?.largestGap
        if let gap, gap > longestGap { throw DemoFailure("what is still allowed stalled for \(gap)") }
        return LastByte(bytes: flow.received, milliseconds: milliseconds, gapBeside: gap.map(Milliseconds.of))
    }

    /// Bytes come every few milliseconds, but their threads wait for a processor as everything does. When the last one came
    /// just before the event, none came after it: that is what is to be shown, in zero milliseconds.
    private static let pauseOfBusyMachine = Duration.seconds(1)

    static func start(_ path: Path, _ network: Network, _ address: String) async throws -> RunningFlow {
        let flow = try await RunningFlow.start(
            from: network.namespace(of: path.device.person), to: address, port: path.port)
        do { try await untilRunning(flow) } catch {
            flow.stop()
            throw error
        }
        return flow
    }

    /// On a busy machine bytes come in bursts: returns while they do come.
    private static func untilRunning(_ flow: RunningFlow) async throws {
        _ = try await Waiting.until("bytes to run", within: .seconds(20), every: .milliseconds(1)) { () -> Bool? in
            if let end = flow.end { throw DemoFailure("the flow ended by itself: \(end)") }
            guard flow.received > 2_000, let last = flow.lastByte, last + .milliseconds(3) > .now else { return nil }
            return true
        }
    }

    /// "; meanwhile alice's connection went on, without a byte for 12 ms at most".
    func words(beside path: Path) -> String {
        "\(path.device.person.name)'s on tcp/\(path.port) went on, never without a byte for more than \(gapBeside ?? 0) ms"
    }
}
