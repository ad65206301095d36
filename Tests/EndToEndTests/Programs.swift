import Foundation
import Synchronization

/// Where things are on this machine.
enum Place {
    /// The built programs lie beside the test bundle.
    static let programs: URL = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: own).deletingLastPathComponent()
    }()

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let fixtures = repository.appending(path: "IdPFixtures")

    static func program(_ name: String) -> String { programs.appending(path: name).path }
}

struct Stuck: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again until there is an answer; too late, says what it waited for.
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(120), _ answer: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try await answer() { return value }
        guard ContinuousClock.now < end else { throw Stuck(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A program in a process of its own; what it prints goes to files, so that no pipe can fill.
final class RunningProgram: Sendable {
    private let process = Process()
    private let outputFile: URL
    private let errorFile: URL

    init(_ executable: String, _ arguments: [String], environment: [String: String] = [:], in folder: URL) throws {
        let name = URL(filePath: executable).lastPathComponent + "-\(UInt32.random(in: 0...UInt32.max))"
        outputFile = folder.appending(path: name + ".out")
        errorFile = folder.appending(path: name + ".err")
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
    }

    deinit { kill() }

    var identifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: String { Self.text(of: outputFile) }
    var errors: String { Self.text(of: errorFile) }

    /// Without mercy: SIGKILL.
    func kill() {
        guard process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func terminate() { process.terminate() }

    func interrupt() { process.interrupt() }

    /// SIGHUP: read the files again.
    func hangUp() { Glibc.kill(process.processIdentifier, SIGHUP) }

    struct Finished {
        let status: Int32
        let output: String
        let errors: String

        var everything: String { "status \(status)\n\(output)\n\(errors)" }
    }

    func finish(within limit: Duration = .seconds(240)) async throws -> Finished {
        do {
            try await eventually("\(process.executableURL?.lastPathComponent ?? "") to end", within: limit) {
                process.isRunning ? nil : ()
            }
        } catch {
            kill()
            throw Stuck(description: "\(error)\n\(output)\n\(errors)")
        }
        return Finished(status: process.terminationStatus, output: output, errors: errors)
    }

    /// The first match in what it has printed; a program that ended without it will never print it.
    func line(_ what: String, _ pattern: some RegexComponent, from stream: KeyPath<RunningProgram, String>) async throws
        -> String
    {
        try await eventually(what) {
            let ended = !process.isRunning
            if let match = self[keyPath: stream].firstMatch(of: pattern) {
                return String(self[keyPath: stream][match.range])
            }
            if ended { throw Stuck(description: "ended without \(what):\n\(output)\n\(errors)") }
            return nil
        }
    }

    private static func text(of file: URL) -> String {
        (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// A folder of a test's own, gone when the test is over. Short, because sockets lie in it.
final class TestFolder: Sendable {
    let url: URL

    init() throws {
        url = URL(filePath: "/tmp/ztna-\(String(UInt64.random(in: 0...UInt64.max), radix: 36))")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// One of our programs where any user may run it. Another process writes it: a child that this one starts meanwhile
    /// would hold the descriptor for a moment, and a file that somebody may write to does not run (ETXTBSY, execve(2)).
    func program(_ name: String) throws -> String {
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: url.path)
        try DeviceNamespace.run("install", "-m", "755", Place.program(name), path(name))
        return path(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        try text.write(to: url.appending(path: name), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path(name))
        return path(name)
    }
}

/// A TCP port of loopback that was free a moment ago.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isKnown = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard isKnown else { throw Stuck(description: "no free port: \(String(cString: strerror(errno)))") }
    return Int(UInt16(bigEndian: address.sin_port))
}
