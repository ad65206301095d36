import Foundation
import Glibc

/// A program of ours that runs beside the bench; stopped at the end of its life.
final class Child {
    private let process = Process()
    private let log: String

    /// Its output goes to the file `log`.
    init(_ program: String, _ arguments: [String], log: String) throws {
        self.log = log
        guard FileManager.default.createFile(atPath: log, contents: nil), let file = FileHandle(forWritingAtPath: log)
        else { throw BenchError.failed("\(log) cannot be made") }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = file
        process.standardError = file
        do { try process.run() } catch { throw BenchError.failed("\(program) does not start: \(error)") }
    }

    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    /// Asks until `isReady`, for a minute at most.
    func wait(until what: String, _ isReady: () async throws -> Bool) async throws {
        let end = Clocks.wall + 60
        while Clocks.wall < end {
            guard process.isRunning else { break }
            if try await isReady() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        throw BenchError.failed("no \(what): \(text.suffix(2000))")
    }

    /// Resident memory in MiB, once it has not changed for two seconds.
    func settledMemory(after pause: Duration = .zero) async throws -> Double {
        try await Task.sleep(for: pause)
        var (last, since) = (try memory(), Clocks.wall)
        while Clocks.wall < since + 2 {
            try await Task.sleep(for: .milliseconds(200))
            let now = try memory()
            if now != last { (last, since) = (now, Clocks.wall) }
        }
        return last
    }

    /// Source: proc_pid_status(5), `VmRSS`.
    private func memory() throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kibibytes = line.flatMap({ Double($0.filter(\.isNumber)) }) else {
            throw BenchError.failed("no VmRSS of process \(process.processIdentifier)")
        }
        return kibibytes / 1024
    }
}

/// TCP on loopback.
enum Loopback {
    /// A port that was free a moment ago.
    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var (address, size) = (self.address(0), socklen_t(MemoryLayout<sockaddr_in>.size))
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) | getsockname(descriptor, address, &size)
            }
        }
        guard code == 0 else { throw BenchError.failed("no free port") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A connected socket, or nil.
    static func connected(to port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = address(port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    static func accepts(_ port: UInt16) -> Bool {
        guard let descriptor = connected(to: port) else { return false }
        close(descriptor)
        return true
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
