import Mustache

/// The pages of a sign-in: HTML from templates compiled once, for a policy that forbids script and inline style.
///
/// Needs from its server: `style-src 'self'; img-src 'self' data:; form-action 'self'`, `stylesheet` at `/assets/ztna.css` as `text/css`, `icon` at `/assets/icon.svg` as `image/svg+xml`.
package struct Pages: Sendable {
    private let organisation: ShownText
    private let partials: MustacheLibrary
    private let enterCode: MustacheTemplate
    private let request: MustacheTemplate
    private let confirm: MustacheTemplate
    private let outcome: MustacheTemplate
    private let landing: MustacheTemplate
    private let onward: MustacheTemplate
    private let postOnward: MustacheTemplate
    private let testReport: MustacheTemplate

    /// - Parameter organisation: whose network this is, for the head of every page: "Example Corp".
    /// - Throws: what the template engine says of a template that does not parse.
    package init(organisation: String) throws {
        self.organisation = ShownText(organisation)
        partials = try MustacheLibrary(templates: [
            "layout": MustacheTemplate(string: PageTemplates.layout),
            "facts": MustacheTemplate(string: PageTemplates.facts),
            "problem": MustacheTemplate(string: PageTemplates.problem),
        ])
        enterCode = try MustacheTemplate(string: PageTemplates.enterCode)
        request = try MustacheTemplate(string: PageTemplates.request)
        confirm = try MustacheTemplate(string: PageTemplates.confirm)
        outcome = try MustacheTemplate(string: PageTemplates.outcome)
        landing = try MustacheTemplate(string: PageTemplates.landing)
        onward = try MustacheTemplate(string: PageTemplates.onward)
        postOnward = try MustacheTemplate(string: PageTemplates.postOnward)
        testReport = try MustacheTemplate(string: PageTemplates.testReport)
    }

    package func enterCode(_ page: EnterCodePage) -> String { render(page, with: enterCode) }
    package func request(_ page: RequestPage) -> String { render(page, with: request) }
    package func confirm(_ page: ConfirmPage) -> String { render(page, with: confirm) }
    package func outcome(_ page: OutcomePage) -> String { render(page, with: outcome) }
    package func landing(_ page: LandingPage) -> String { render(page, with: landing) }
    package func onward(_ page: OnwardPage) -> String { render(page, with: onward) }
    package func postOnward(_ page: PostOnwardPage) -> String { render(page, with: postOnward) }
    package func testReport(_ page: TestReportPage) -> String { render(page, with: testReport) }

    /// What every template sees: its page's members and, behind them, the organisation.
    private struct Context<Page: PageMembers>: PageMembers {
        let organisation: ShownText
        let page: Page

        func member(_ name: String) -> Any? {
            switch name {
            case "organisation": organisation
            case "page": Shown(page: page)
            default: nil
            }
        }
    }

    private func render(_ page: some PageMembers, with template: MustacheTemplate) -> String {
        template.render(Shown(page: Context(organisation: organisation, page: page)), library: partials)
    }
}
