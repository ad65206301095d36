import HTTPClient
import StrictJSON
import Walkthrough

/// Signs a device in through the real device flow: `ztna login` on the device, a browser at the pages.
struct SignInDriver: Sendable {
    let server: String
    private let client: HTTPClient

    /// The client's thread lives in the hub's namespace, and so does every connection of the browser.
    init(server: String, hub: NetworkNamespace?, authority: String?) async throws {
        self.server = server
        client = try await BlockingThread.run(in: hub) {
            try HTTPClient(
                policy: HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: hub == nil, caFile: authority))
        }
    }

    func shutdown() { client.shutdown() }

    /// True once the server answers.
    func isServerUp() async -> Bool {
        let url = server + "/.well-known/oauth-authorization-server"
        return (try? await client.send(HTTPRequest(url: url, timeout: .seconds(2))).status) == 200
    }

    /// What it found out, and the browser, which is signed in at the provider from then on.
    func signIn(_ device: Device) async throws -> (finding: Finding, browser: Browser) {
        let (login, code, browser) = try await walk(device, try await device.login(server: server))
        guard let result = try event("result", of: login) else { throw DemoFailure("ztna login gave no result") }
        let pages = browser.history.count
        return (try finding(device, result, pages: pages, code: try code.string("user_code")), browser)
    }

    /// A second factor for the session that is there, by the same pages.
    func stepUp(_ device: Device) async throws { _ = try await walk(device, try await device.stepUp()) }

    /// From the code that the command shows to its end.
    private func walk(
        _ device: Device, _ login: ChildProgram
    ) async throws -> (login: ChildProgram, code: JSONMembers, browser: Browser) {
        let code = try await Waiting.until("the code of `ztna login`") { try event("code", of: login) }
        guard let number = Int(try code.string("number")) else { throw DemoFailure("the code came without a number") }
        var browser = Browser(transport: transport)
        let walk = SignInWalk(
            user: device.person.email, password: device.person.password, number: number,
            provider: device.person.provider.rawValue)
        let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
        guard page.outcome == "allowed" else {
            let way = browser.history.joined(separator: "\n")
            throw DemoFailure(
                "the last page says \(page.outcome ?? "nothing"), not \"allowed\"; the way there:\n\(way)")
        }
        let status = try await login.end(within: .seconds(30))
        guard status == 0 else { throw DemoFailure("ztna login ended with \(status):\n\(login.lastWords)") }
        return (login, code, browser)
    }

    private func finding(_ device: Device, _ result: JSONMembers, pages: Int, code: String) throws -> Finding {
        let person = device.person
        guard try result.optionalString("email") == person.email, try result.strings("groups").sorted() == person.groups
        else {
            throw DemoFailure("the agent says \(JSON.object(result.members).encodedText())")
        }
        let amr = try result.strings("amr").joined(separator: "+")
        return Finding(
            "\(person.email) of \(person.groupNames), signed in by \(person.provider.protocolName)"
                + (amr.isEmpty ? "" : " with \(amr)") + ", on \(try result.string("host"))",
            "code \(code), \(pages) pages and redirects followed")
    }

    /// The latest event of that name that `ztna login --json` has printed. Errors: what an `error` event says.
    private func event(_ name: String, of login: ChildProgram) throws -> JSONMembers? {
        var found: JSONMembers?
        let output = login.output
        for line in output.split(separator: "\n").dropLast(output.hasSuffix("\n") ? 0 : 1) {
            let members = try JSONMembers(parsing: Array(line.utf8))
            let event = members.members["event"]?.stringValue
            if event == "error" { throw DemoFailure("ztna login: \(try members.string("message"))") }
            if event == name { found = members }
        }
        if found == nil, let status = login.status, status != 0 {
            throw DemoFailure("ztna login ended with \(status):\n\(login.lastWords)")
        }
        return found
    }

    /// A request from the hub, as the company's directory would make it.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        do throws(HTTPError) { return try await client.send(request) } catch {
            throw DemoFailure("\(request.url): \(error.explanation)")
        }
    }

    private var transport: WebTransport {
        WebTransport { [client] request in
            guard let method = HTTPMethod(rawValue: request.method) else {
                throw DemoFailure("the browser knows no method \(request.method)")
            }
            var headers = HTTPHeaders()
            for (name, value) in request.headers { headers.append(name, value) }
            do throws(HTTPError) {
                let response = try await client.send(
                    HTTPRequest(
                        method: method, url: request.url, headers: headers,
                        body: request.body.isEmpty ? nil : request.body))
                return WebResponse(
                    status: response.status, headers: response.headers.fields.map { ($0.name, $0.value) },
                    body: response.body)
            } catch { throw DemoFailure("\(request.method) \(request.url): \(error.explanation)") }
        }
    }
}
