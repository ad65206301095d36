/// A person's way through the pages, at our gateway and at their provider, as the pages themselves offer it.
package struct SignInWalk: Sendable {
    package var user: String
    package var password: String
    /// What the terminal shows; needed when the browser is not on the device.
    package var number: Int?
    package var allows: Bool
    /// Which identity provider to pick; nil takes the first offered.
    package var provider: String?

    package init(user: String, password: String, number: Int?, allows: Bool = true, provider: String? = nil) {
        self.user = user
        self.password = password
        self.number = number
        self.allows = allows
        self.provider = provider
    }

    /// From the verification address to the last page. The provider's own form may ask in one step or two, and a SAML
    /// provider's answer is a form of its own.
    package func walk(_ verificationURI: String, in browser: inout Browser) async throws -> Browser.Page {
        var page = try await browser.open(verificationURI)
        page = try await browser.submit(page)
        if page.outcome != nil { return page }
        page = try await browser.submit(page, button: ("provider", provider))
        for _ in 0..<6 where page.outcome == nil && !Self.isConfirmation(page) {
            page = try await browser.submit(page, filling(page), button: Self.acceptButton(page))
        }
        guard Self.isConfirmation(page) else { return page }
        let values = number.map { ["number": String($0)] } ?? [:]
        return try await browser.submit(page, values, button: ("decision", allows ? "allow" : "deny"))
    }

    private static func isConfirmation(_ page: Browser.Page) -> Bool {
        page.forms.contains { $0.buttons.contains { $0.name == "decision" && $0.value == "allow" } }
    }

    /// A consent page's "accept"; other forms have one button, or one that needs no name.
    private static func acceptButton(_ page: Browser.Page) -> (name: String, value: String?)? {
        page.forms.contains { $0.buttons.contains { $0.name == "answer" && $0.value == "accept" } }
            ? ("answer", "accept") : nil
    }

    private func filling(_ page: Browser.Page) -> [String: String] {
        var values: [String: String] = [:]
        for form in page.forms {
            for name in form.fields.keys {
                switch name {
                case "username", "login": values[name] = user
                case "password": values[name] = password
                default: break
                }
            }
        }
        return values
    }
}
