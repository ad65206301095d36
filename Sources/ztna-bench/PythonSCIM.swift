import Foundation
import StrictJSON

/// scim2-server, asked the same things. Milliseconds are medians.
struct PythonSCIM {
    let creations: Double
    let pagedUsers: Double
    private let members: JSONMembers

    init(python: String, users: Int) throws {
        let script = "IdPFixtures/scim2-server/measure.py"
        guard FileManager.default.fileExists(atPath: script) else {
            throw BenchError.failed("\(script) is not here: run the bench from the repository")
        }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [script, String(users)]
        process.standardOutput = pipe
        try process.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError.failed("scim2-server ended with \(process.terminationStatus)")
        }
        members = try JSONMembers(parsing: Array(said))
        creations = members.members["creations"]?.numberValue ?? 0
        pagedUsers = members.members["paged"]?.numberValue ?? 0
    }

    func milliseconds(_ name: String) -> Double { members.members[name]?.numberValue ?? 0 }
}
