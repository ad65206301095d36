import Glibc

/// Ends and removes everything, and looks whether anything is left.
struct CleanUp: Sendable {
    let place: Place
    let tools: Tools

    /// Errors: `DemoFailure` with all that is left.
    func run() async throws -> Finding {
        await removeTunnelsOfTheKilled()
        var left = await place.programs.stopAll().map { "\($0) did not end when asked" }
        if let network = place.network {
            for person in Person.all {
                let interface = network.interface(of: person)
                // The agent removes its interface itself: a namespace's end must not be what does it.
                if await network.hasInterface(of: person) { left.append("\(person.name)'s interface \(interface)") }
                let socket = "\(Network.engineSockets)/\(interface).sock"
                for process in network.namespace(of: person).processes {
                    left.append("process \(process) in \(person.name)'s namespace")
                }
                if File.exists(socket) {
                    left.append(socket)
                    unlink(socket)
                }
            }
            left += await network.remove().map { "network namespace \($0)" }
        }
        Directory.remove(place.directory)
        left += place.programs.running.map { "process \($0)" }
        if File.exists(place.directory) { left.append(place.directory) }
        guard left.isEmpty else { throw DemoFailure("left over: " + left.joined(separator: ", ")) }
        return Finding(
            place.network == nil
                ? "no process and no file is left" : "no process, namespace, interface or file is left")
    }

    /// An interruption may come when an agent was killed and not started again: then nobody else ends its engine.
    private func removeTunnelsOfTheKilled() async {
        guard let network = place.network else { return }
        for person in Person.all where Device(person, place: place, tools: tools).agent == nil {
            let namespace = network.namespace(of: person)
            guard !namespace.processes.isEmpty else { continue }
            _ = try? await place.programs.run(
                [tools.agent, "cleanup", "--interface", network.interface(of: person)], in: namespace)
        }
    }
}
