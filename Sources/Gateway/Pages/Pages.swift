/// The pages of a sign-in: HTML for a policy that forbids script and inline style.
///
/// Needs from its server: `style-src 'self'; img-src 'self' data:; form-action 'self'`, `stylesheet` at `/assets/ztna.css` as `text/css`, `icon` at `/assets/icon.svg` as `image/svg+xml`.
package struct Pages: Sendable {
    private let layout: PageLayout

    /// - Parameter organisation: whose network this is, for the head of every page: "Example Corp".
    package init(organisation: String) { layout = PageLayout(organisation: ShownText(organisation)) }

    package func enterCode(_ page: EnterCodePage) -> String { page.markup(in: layout).text }
    package func request(_ page: RequestPage) -> String { page.markup(in: layout).text }
    package func confirm(_ page: ConfirmPage) -> String { page.markup(in: layout).text }
    package func outcome(_ page: OutcomePage) -> String { page.markup(in: layout).text }
    package func landing(_ page: LandingPage) -> String { page.markup(in: layout).text }
    package func onward(_ page: OnwardPage) -> String { page.markup(in: layout).text }
    package func postOnward(_ page: PostOnwardPage) -> String { page.markup(in: layout).text }
    package func testReport(_ page: TestReportPage) -> String { page.markup(in: layout).text }
}
