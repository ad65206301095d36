import LocalSocket
import StrictJSON
import Walkthrough
import Wire

/// A running `ztna-agent`, asked over its socket as `ztna` does.
struct AgentControl {
    let socket: String

    /// Signs in at the bench's server, whose pages are walked by function calls.
    func signIn(
        at server: BenchServer, as account: InProcessProvider.Account, address: String, meter: ClientMeter
    ) async throws {
        let client = try LocalSocketClient.connect(path: socket)
        defer { client.close() }
        try await client.send(LocalRequest(command: .login, server: server.url).json)
        while let event = try await client.nextEvent(timeout: .seconds(60)) {
            let members = try JSONMembers(event)
            switch LocalEvent(rawValue: try members.string("event")) {
            case .code:
                var browser = Browser(transport: server.transport(address: address, account: account, meter: meter))
                let page = try await SignInWalk(
                    user: account.subject, password: "", number: Int(members.string("number"))
                ).walk(members.string("verification_uri_complete"), in: &browser)
                guard page.outcome == "allowed" else { throw BenchError.failed("pages: \(browser.history)") }
            case .result: return
            case .error, nil: throw BenchError.failed("the agent says \(event.encodedText())")
            case .waiting, .signedIn, .part, .notice: break
            }
        }
        throw BenchError.failed("the agent hung up")
    }

    func status() async throws -> [String: JSON] { try await ask(.status) }

    func ask(_ command: LocalCommand) async throws -> [String: JSON] {
        let client = try LocalSocketClient.connect(path: socket)
        defer { client.close() }
        try await client.send(LocalRequest(command: command).json)
        return try await client.nextEvent(timeout: .seconds(10))?.objectValue ?? [:]
    }
}
