/// One exchange, however it travels: over the network in the demo, by a function call in tests and the bench.
package struct WebRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
    {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

package struct WebResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package var text: String { String(decoding: body, as: UTF8.self) }
}

package struct WebTransport: Sendable {
    package var send: @Sendable (WebRequest) async throws -> WebResponse

    package init(send: @escaping @Sendable (WebRequest) async throws -> WebResponse) { self.send = send }
}

package enum WalkthroughError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooManyRedirects(String)
    case noForm(String)
    case noButton(String)
    case unexpected(String)

    package var description: String {
        switch self {
        case .tooManyRedirects(let url): "more than ten redirects, last to \(url)"
        case .noForm(let url): "the page \(url) has no form"
        case .noButton(let name): "the page has no button \(name)"
        case .unexpected(let text): text
        }
    }
}
