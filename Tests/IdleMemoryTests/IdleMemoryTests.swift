import Foundation
import IdleMemory
import Synchronization
import Testing

@Suite struct `Idle memory` {
    /// Kibibytes of files in memory. Source: proc_pid_status(5), `RssFile`.
    private func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssFile:") })
        return try #require(Int(line.filter(\.isNumber)))
    }

    @Test func `is given back, and what is needed comes again`() throws {
        let before = try resident()
        IdleMemory.release()
        #expect(try resident() < before)
        // What was written to is still there, in code and constants of ours and of libraries.
        let text = (0..<1000).map { "\($0 * $0)" }.sorted().joined(separator: ",")
        #expect(text.hasPrefix("0,1,100,10000,100489,") && NSString(string: text).length == text.utf8.count)
        for _ in 0..<3 { IdleMemory.release() }
        #expect(throws: (any Error).self) { try FileManager.default.attributesOfItem(atPath: "/nonexistent") }
    }

    @Test func `is given back each minute until the end`() async {
        let slept = Mutex<[Duration]>([])
        await IdleMemory.keepReleasing { duration in
            let isOver = slept.withLock { slept in
                slept.append(duration)
                return slept.count == 3
            }
            if isOver { throw CancellationError() }
        }
        #expect(slept.withLock { $0 } == Array(repeating: .seconds(60), count: 3))
    }
}
