/// A message that only a form can carry to another site: the person presses its button, since no page of ours runs script.
///
/// Needs `form-action` with the other site's origin. Source: SAML Bindings 2.0 §3.5.4.
package struct PostOnwardPage: Sendable {
    struct Field: Sendable {
        let name: ShownText
        let value: ShownText
    }

    let title: ShownText
    let message: ShownText
    let button: ShownText
    let action: ShownText
    let fields: [Field]

    /// - Parameters:
    ///   - action: the other site's address.
    ///   - fields: hidden, in order.
    package init(
        title: String, message: String, button: String, action: String, fields: [(name: String, value: String)]
    ) {
        self.title = ShownText(title)
        self.message = ShownText(message)
        self.button = ShownText(button)
        self.action = ShownText(action)
        self.fields = fields.map { Field(name: ShownText($0.name), value: ShownText($0.value)) }
    }
}

/// What came of an administrator's test sign-in: each check, the person as we would know them, the response redacted.
package struct TestReportPage: Sendable {
    struct Check: Sendable {
        let name: ShownText
        let verdict: ShownText
        let explanation: ShownText?
    }

    struct Fact: Sendable {
        let name: ShownText
        let value: ShownText
    }

    let title: ShownText
    let message: ShownText
    let checks: [Check]
    let facts: [Fact]
    let response: ShownText?

    /// - Parameters:
    ///   - checks: in the order in which they are made; the verdict is a word.
    ///   - facts: what was read of the person; empty when the response was refused.
    ///   - response: the redacted response, many lines.
    package init(
        title: String, message: String, checks: [(name: String, verdict: String, explanation: String?)],
        facts: [(name: String, value: String)], response: String?
    ) {
        self.title = ShownText(title)
        self.message = ShownText(message)
        self.checks = checks.map {
            Check(
                name: ShownText($0.name), verdict: ShownText($0.verdict),
                explanation: $0.explanation.map { ShownText($0) })
        }
        self.facts = facts.map { Fact(name: ShownText($0.name), value: ShownText($0.value)) }
        self.response = response.map(ShownText.lines)
    }
}
