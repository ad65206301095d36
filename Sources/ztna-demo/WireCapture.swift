/// `tcpdump` at one interface, into a file.
struct WireCapture: Sendable {
    private let child: ChildProgram
    private let file: String
    private let tools: Tools
    private let programs: ChildPrograms

    /// Returns when it listens.
    static func start(
        _ name: String, at interface: String, in namespace: NetworkNamespace, place: Place, tools: Tools
    ) async throws -> WireCapture {
        let file = "\(place.directory)/\(name).pcap"
        let child = try await place.programs.start(
            "capture-\(name)",
            [tools.tcpdump, "-i", interface, "-n", "-Z", "root", "--immediate-mode", "-U", "-w", file], in: namespace)
        _ = try await Waiting.until("tcpdump to listen at \(interface)") {
            if let status = child.status { throw DemoFailure("tcpdump ended with \(status):\n\(child.lastWords)") }
            return child.errors.contains("listening on") ? true : nil
        }
        return WireCapture(child: child, file: file, tools: tools, programs: place.programs)
    }

    func stop() async throws {
        guard await child.stop() else { throw DemoFailure("tcpdump did not end") }
    }

    /// Packets that match a filter; while tcpdump still writes, its file may end within one, which is an error.
    /// Source: pcap-filter(7).
    func count(_ filter: String) async throws -> Int {
        try await programs.run([tools.tcpdump, "-r", file, "-n", "-Z", "root", filter]).split(separator: "\n").count
    }

    func contains(_ text: String) -> Bool {
        File.read(file).firstRange(of: Array(text.utf8)) != nil
    }
}
