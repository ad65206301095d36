import Gateway
import Testing

/// One page of each look, to be read by tests and people.
enum PageSamples {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let hasForm: Bool
        let html: String
        var testDescription: String { name }
    }

    static func facts(_ value: String? = nil) -> DeviceFacts {
        DeviceFacts(
            name: value ?? "alices-laptop", operatingSystem: value ?? "Debian GNU/Linux 12",
            address: value ?? "192.0.2.17", requestedAt: value ?? "14:02 UTC", requestedAgo: value ?? "2 minutes ago",
            fingerprintWords: value.map { [$0, $0] } ?? ["harbour", "violin", "cactus", "ember", "tunnel", "maple"],
            fingerprint: value ?? "3f9a 0c1d 77e2", userCode: value ?? "BCDF-GHJK")
    }

    static func request(
        _ value: String? = nil, emailRouting: Bool = false, isElsewhere: Bool = false, problem: String? = nil
    ) -> RequestPage {
        let main = RequestPage.Provider(id: value ?? "main", name: value ?? "Example Login")
        let partners = RequestPage.Provider(id: value ?? "partners", name: value ?? "Partner Accounts")
        return RequestPage(
            csrf: value ?? "token", facts: facts(value), providers: emailRouting ? [main, partners] : [main],
            emailRouting: emailRouting, email: value ?? "", isElsewhere: isElsewhere, problem: problem)
    }

    static func confirm(_ value: String? = nil, numbers: [String] = [], problem: String? = nil) -> ConfirmPage {
        ConfirmPage(
            csrf: value ?? "token", facts: facts(value), person: value ?? "Alice Example",
            email: value ?? "alice@corp.example", providerName: value ?? "Example Login", numbers: numbers,
            problem: problem)
    }

    /// Each page in each look; with `everything`, that value stands in every place a value can stand.
    static func all(everything value: String? = nil) throws -> [Sample] {
        let pages = Pages(organisation: value ?? "Example Corp")
        let numbers = value.map { [$0, $0, $0] } ?? ["07", "42", "93"]
        let problem = value ?? "That code is not one we are waiting for. Check it against your terminal."
        var samples = [
            Sample(name: "code", hasForm: true, html: pages.enterCode(EnterCodePage(csrf: value ?? "token"))),
            Sample(
                name: "code-problem", hasForm: true,
                html: pages.enterCode(
                    EnterCodePage(csrf: value ?? "token", code: value ?? "BCDF-GHJX", problem: problem))),
            Sample(name: "request", hasForm: true, html: pages.request(request(value))),
            Sample(
                name: "request-elsewhere", hasForm: true,
                html: pages.request(request(value, emailRouting: true, isElsewhere: true))),
            Sample(
                name: "request-problem", hasForm: true,
                html: pages.request(
                    request(
                        value, emailRouting: true,
                        problem: value ?? "No sign-in is set up for that e-mail domain. Choose one below."))),
            Sample(name: "confirm", hasForm: true, html: pages.confirm(confirm(value))),
            Sample(
                name: "confirm-numbers", hasForm: true,
                html: pages.confirm(
                    confirm(value, numbers: numbers, problem: value ?? "Choose the number that your terminal shows."))),
            Sample(
                name: "landing", hasForm: false,
                html: pages.landing(LandingPage(serverURL: value ?? "https://ztna.corp.example"))),
            Sample(
                name: "post-onward", hasForm: false,
                html: pages.postOnward(
                    PostOnwardPage(
                        title: value ?? "Continue to Example Login", message: value ?? "You sign in there.",
                        button: value ?? "Continue", action: value ?? "https://login.example/sso",
                        fields: [(value ?? "SAMLRequest", value ?? "PHNhbWw+"), ("RelayState", value ?? "state")]))),
            Sample(
                name: "test-report", hasForm: false,
                html: pages.testReport(
                    TestReportPage(
                        title: value ?? "This sign-in would be refused", message: value ?? "This was a test.",
                        checks: [
                            (value ?? "It is sent to our address", value ?? "passed", nil),
                            (value ?? "The assertion is for us", value ?? "failed", value ?? "audience: another"),
                        ],
                        facts: [(value ?? "Subject", value ?? "alice")],
                        response: value ?? "<samlp:Response>\n\t<saml:Issuer/>\n</samlp:Response>"))),
        ]
        for (kind, title, message, remedy) in outcomes {
            let page = OutcomePage(
                kind: kind, title: value ?? title, message: value ?? message, remedy: value ?? remedy,
                reference: value ?? "k7q2-m4", deviceName: value ?? "alices-laptop")
            samples.append(Sample(name: "outcome-\(kind.rawValue)", hasForm: false, html: pages.outcome(page)))
        }
        return samples
    }

    private static let outcomes: [(OutcomePage.Kind, String, String, String?)] = [
        (.allowed, "Your device is connected", "You can close this page and go back to your terminal.", nil),
        (
            .denied, "Stopped", "The device was refused and got nothing.",
            "Did you start this yourself? Run ztna login again."
        ),
        (
            .expired, "This code has expired", "A code is good for ten minutes.",
            "Run ztna login again to get a new one."
        ),
        (
            .failed, "The sign-in did not work", "Example Login answered with something this server cannot accept.",
            "Try once more. If it happens again, tell your administrator."
        ),
        (.signedOut, "You are signed out", "This device has left the network.", nil),
    ]
}
