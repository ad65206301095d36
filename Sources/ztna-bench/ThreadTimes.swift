import Foundation

/// CPU time of other processes, to the nanosecond. Source: Linux, Documentation/scheduler/sched-stats.rst, `schedstat`.
enum ThreadTimes {
    /// Of all threads of `processes`, and of this one.
    static func seconds(of processes: [Int]) throws -> Double {
        try processes.reduce(Clocks.process) { sum, process in
            let tasks = "/proc/\(process)/task"
            return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(sum) { sum, thread in
                let text = (try? String(contentsOfFile: "\(tasks)/\(thread)/schedstat", encoding: .utf8)) ?? ""
                return sum + (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
            }
        }
    }
}
