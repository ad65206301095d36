import Foundation

/// Three network namespaces for the bench: the hub with the server, and one for each of two devices.
///
///     mover 192.0.2.11 ─┬─ hub: bridge `lan`, 192.0.2.1 (server)
///     host  192.0.2.12 ─┘
struct TunnelNetwork: ~Copyable {
    static let serverAddress = "192.0.2.1"
    static let devices = ["mover", "host"]

    let prefix: String
    private let directory: String

    /// Also makes a certificate authority and the server's certificate, with `openssl`.
    init(directory: String) throws {
        prefix = "ztna-bench-\(ProcessInfo.processInfo.processIdentifier)"
        self.directory = directory
        for name in ["hub"] + Self.devices {
            try Command.run("ip", "netns", "add", "\(prefix)-\(name)")
            try inside(name, "link set lo up")
        }
        try inside("hub", "link add lan type bridge")
        try inside("hub", "address add \(Self.serverAddress)/24 dev lan")
        try inside("hub", "link set lan up")
        for (index, name) in Self.devices.enumerated() {
            try inside("hub", "link add to-\(name) type veth peer name eth0 netns \(prefix)-\(name)")
            try inside("hub", "link set to-\(name) master lan up")
            try inside(name, "address add 192.0.2.\(11 + index)/24 dev eth0")
            try inside(name, "link set eth0 up")
        }
        try makeCertificates()
    }

    deinit {
        for name in ["hub"] + Self.devices { BenchNamespace.remove("\(prefix)-\(name)") }
    }

    private func inside(_ name: String, _ words: String) throws {
        try Command.run(["ip", "-n", "\(prefix)-\(name)"] + words.split(separator: " ").map(String.init))
    }

    private func makeCertificates() throws {
        func request(_ name: String, _ subject: String, _ extensions: [String]) throws {
            let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj"
            try Command.run(
                ["openssl"] + words.split(separator: " ").map(String.init) + [
                    "/CN=\(subject)", "-keyout", "\(directory)/\(name).key", "-out", "\(directory)/\(name).pem",
                ] + extensions)
        }
        try request(
            "ca", "ztna bench CA",
            ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"])
        try request(
            "server", "ztna bench",
            [
                "-CA", "\(directory)/ca.pem", "-CAkey", "\(directory)/ca.key", "-addext",
                "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:\(Self.serverAddress)", "-addext",
                "extendedKeyUsage=serverAuth",
            ])
    }
}

/// A command that is waited for.
enum Command {
    /// Its standard output. Errors: `failed` with what it said when it fails.
    @discardableResult
    static func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError.failed("\(words.prefix(4).joined(separator: " ")): \((text + complaint).suffix(2000))")
        }
        return text
    }

    @discardableResult
    static func run(_ words: String...) throws -> String { try run(words) }
}
