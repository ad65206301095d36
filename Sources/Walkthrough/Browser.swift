/// A browser without a window: cookies, redirects, `Refresh`, forms. It presses buttons as a person would.
///
/// Its cookies are all `SameSite=Lax`: a form that another site's page posts takes none along (RFC 6265bis §5.2).
package struct Browser: Sendable {
    package struct Page: Sendable {
        package let url: String
        package let response: WebResponse
        package let text: String
        package let forms: [HTMLForm]

        init(url: String, response: WebResponse) {
            self.url = url
            self.response = response
            text = response.text
            forms = HTMLForm.all(in: text)
        }

        /// The value of `data-outcome` on one of our last pages.
        package var outcome: String? { attribute("data-outcome") }

        package func attribute(_ name: String) -> String? { HTMLForm.attribute(name, in: text) }
    }

    private let transport: WebTransport
    /// By origin, then name.
    package private(set) var cookies: [String: [String: String]] = [:]
    /// Each page seen, in order: for reports.
    package private(set) var history: [String] = []
    /// An address that is not followed: the command's loopback listener, say.
    package var stopsAt: String?

    package init(transport: WebTransport) { self.transport = transport }

    /// The same browser over another network: what was sent it keeps.
    package init(transport: WebTransport, cookiesOf other: Browser) {
        self.transport = transport
        cookies = other.cookies
    }

    package mutating func open(_ url: String) async throws -> Page { try await load(WebRequest(url: url)) }

    /// Fills the page's first form that has `button` (or any, when nil) and submits it.
    package mutating func submit(
        _ page: Page, _ values: [String: String] = [:], button: (name: String, value: String?)? = nil
    ) async throws -> Page {
        let form = page.forms.first { form in
            guard let button else { return true }
            return form.buttons.contains { $0.name == button.name && (button.value == nil || $0.value == button.value) }
        }
        guard let form else {
            throw button.map { WalkthroughError.noButton("\($0.name)=\($0.value ?? "*") on \(page.url)") }
                ?? .noForm(page.url)
        }
        var fields = form.fields
        for (name, value) in values { fields[name] = value }
        if let button,
            let pressed = form.buttons.first(where: {
                $0.name == button.name && (button.value == nil || $0.value == button.value)
            })
        {
            fields[pressed.name] = pressed.value
        }
        let body = fields.sorted { $0.key < $1.key }.map { "\(Self.escaped($0.key))=\(Self.escaped($0.value))" }
            .joined(separator: "&")
        let request = WebRequest(
            method: "POST", url: Self.resolve(form.action, against: page.url),
            headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", Self.origin(page.url))],
            body: Array(body.utf8))
        return try await load(request, from: Self.origin(page.url))
    }

    /// `site`: the origin of the page that a form is on.
    private mutating func load(_ first: WebRequest, from site: String? = nil) async throws -> Page {
        var request = first
        for _ in 0..<10 {
            if let stopsAt, request.url.hasPrefix(stopsAt) {
                return Page(url: request.url, response: WebResponse(status: 0, headers: [], body: []))
            }
            let origin = Self.origin(request.url)
            let isCrossSitePost = request.method == "POST" && site != nil && site != origin
            if let jar = cookies[origin], !jar.isEmpty, !isCrossSitePost {
                let text = jar.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
                request.headers.append(("Cookie", text))
            }
            let response = try await transport.send(request)
            history.append("\(request.method) \(request.url) \(response.status)")
            keepCookies(of: response, origin: origin)
            guard let next = Self.onward(response) else { return Page(url: request.url, response: response) }
            request = WebRequest(url: Self.resolve(next, against: request.url))
        }
        throw WalkthroughError.tooManyRedirects(request.url)
    }

    private mutating func keepCookies(of response: WebResponse, origin: String) {
        for header in response.headers where header.name.lowercased() == "set-cookie" {
            let pair = header.value.prefix { $0 != ";" }
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = String(pair[..<equals])
            let value = String(pair[pair.index(after: equals)...])
            cookies[origin, default: [:]][name] = header.value.contains("Max-Age=0") ? nil : value
        }
    }

    private static func onward(_ response: WebResponse) -> String? {
        if (301...308).contains(response.status), response.status != 304 { return response.header("Location") }
        guard let refresh = response.header("Refresh"), let start = refresh.firstRange(of: "url=") else { return nil }
        return String(refresh[start.upperBound...])
    }

    package static func origin(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        return String(url[..<scheme.upperBound] + url[scheme.upperBound...].prefix { !"/?#".contains($0) })
    }

    static func resolve(_ reference: String, against base: String) -> String {
        if reference.contains("://") { return reference }
        if reference.isEmpty { return base }
        if reference.hasPrefix("/") { return origin(base) + reference }
        if reference.hasPrefix("?") { return String(base.prefix { $0 != "?" }) + reference }
        let path = base.prefix { $0 != "?" }
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? path
        return String(folder) + reference
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default: output.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
