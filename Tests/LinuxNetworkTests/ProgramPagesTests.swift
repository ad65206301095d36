import Foundation
import LinuxNetwork
import Testing

@Suite struct `The program's own pages` {
    /// Kibibytes of files in memory. Source: proc_pid_status(5), `RssFile`.
    private func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(Int(line.filter(\.isNumber)))
    }

    @Test func `are given back, and come again when they are needed`() throws {
        let before = try resident()
        ProgramPages.release()
        #expect(try resident() < before)
        // What was written to is still there, in code and constants of ours and of libraries.
        let text = (0..<1000).map { "\($0 * $0)" }.sorted().joined(separator: ",")
        #expect(text.hasPrefix("0,1,100,10000,100489,") && NSString(string: text).length == text.utf8.count)
        for _ in 0..<3 { ProgramPages.release() }
        #expect(throws: (any Error).self) { try FileManager.default.attributesOfItem(atPath: "/nonexistent") }
    }
}
