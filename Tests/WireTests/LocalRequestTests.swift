import StrictJSON
import Testing
import Wire

@Suite struct `A request to the agent` {
    @Test(arguments: [
        LocalRequest(command: .login, server: "https://z", loopbackPort: 5000, force: true),
        LocalRequest(command: .login, stepUp: true), LocalRequest(command: .why, host: "db", service: "tcp/22"),
        LocalRequest(command: .why, host: "db"), LocalRequest(command: .watch), LocalRequest(command: .status),
        LocalRequest(command: .admin, request: ["command": "nodes-list"]),
        LocalRequest(command: .admin, requestParts: 900),
    ])
    func `is read as it was written`(_ request: LocalRequest) throws {
        #expect(try LocalRequest(parsing: request.json) == request)
    }

    @Test(
        arguments: [
            ([:], "request"), (["command": "nonsense"], "command"), (["command": "status", "force": true], "force"),
            (["command": "login", "step-up": true], "step-up"), (["command": "login", "step_up": 1], "request"),
            (["command": "why"], "request"), (["command": "admin"], "request"),
            (["command": "admin", "request": [1]], "request"),
            (["command": "admin", "request": ["command": "x"], "request_parts": 1], "request"),
            (["command": "admin", "request_parts": 0], "request"),
            (["command": "admin", "request_parts": 901], "request"), (["command": "status", "host": "db"], "host"),
        ] as [(JSON, String)])
    func `names what is wrong with it`(_ json: JSON, _ member: String) {
        #expect(throws: WireError.malformed(member)) { try LocalRequest(parsing: json) }
    }
}
