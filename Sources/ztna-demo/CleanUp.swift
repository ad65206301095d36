import Glibc

/// Ends and removes everything, and looks whether anything is left.
struct CleanUp: Sendable {
    let place: Place

    /// Errors: `DemoFailure` with all that is left.
    func run() async throws -> Finding {
        var left = await place.programs.stopAll().map { "\($0) did not end when asked" }
        if let network = place.network {
            for person in Person.all {
                let interface = network.interface(of: person)
                // The agent removes its interface itself: a namespace's end must not be what does it.
                if await network.hasInterface(of: person) { left.append("\(person.name)'s interface \(interface)") }
                let socket = "/var/run/wireguard/\(interface).sock"
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
}
