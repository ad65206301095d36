/// Asks for the user code. Posts `csrf` and `user_code` to `/device`.
package struct EnterCodePage: Sendable {
    let csrf: ShownText
    let code: ShownText
    let isPrefilled: Bool
    let problem: ShownText?

    /// - Parameters:
    ///   - code: to fill in, from `verification_uri_complete` or a refused attempt; may be empty.
    ///   - problem: why the last attempt was refused, a sentence.
    package init(csrf: String, code: String = "", problem: String? = nil) {
        self.csrf = ShownText(csrf)
        self.code = ShownText(code)
        isPrefilled = !code.isEmpty && problem == nil
        self.problem = problem.map(ShownText.init)
    }
}

/// Shows which device asks and lets the person choose how to sign in.
///
/// Posts `csrf` to `/device/sign-in` with one of: `provider` (an id), `email` alone (to be routed by its domain), or
/// `decision=deny`. A press of Enter in the e-mail field routes by e-mail.
package struct RequestPage: Sendable {
    /// One identity provider: its id in the configuration and its name for people.
    package struct Provider: Sendable {
        let id: ShownText
        let label: ShownText

        package init(id: String, name: String) {
            self.id = ShownText(id)
            label = ShownText(name)
        }
    }

    let csrf: ShownText
    let facts: DeviceFacts
    let providers: [Provider]
    let isOnlyChoice: Bool
    let emailRouting: Bool
    let email: ShownText
    let isElsewhere: Bool
    let isRenewal: Bool
    let problem: ShownText?

    /// - Parameters:
    ///   - emailRouting: offers the e-mail field above the providers.
    ///   - email: what the person typed last time; may be empty.
    ///   - isElsewhere: the browser has not proved to be on the device's machine: shows the warning.
    ///   - isRenewal: the device is signed in, and wants a recent sign-in with a second factor: says so, and why.
    package init(
        csrf: String, facts: DeviceFacts, providers: [Provider], emailRouting: Bool, email: String = "",
        isElsewhere: Bool, isRenewal: Bool = false, problem: String? = nil
    ) {
        self.csrf = ShownText(csrf)
        self.facts = facts
        self.providers = providers
        isOnlyChoice = providers.count == 1 && !emailRouting
        self.emailRouting = emailRouting
        self.email = ShownText(email)
        self.isElsewhere = isElsewhere
        self.isRenewal = isRenewal
        self.problem = problem.map(ShownText.init)
    }
}

/// Asks the signed-in person whether this is their device.
///
/// Posts `csrf`, `decision` (`allow` or `deny`) and, when numbers were offered, `number` to `/device/confirm`.
/// A denial may come without a number.
package struct ConfirmPage: Sendable {
    let csrf: ShownText
    let facts: DeviceFacts
    let person: ShownText
    let email: ShownText?
    let providerName: ShownText
    let numbers: [ShownText]
    let asksForNumber: Bool
    let isRenewal: Bool
    let problem: ShownText?

    /// - Parameters:
    ///   - email: empty if the provider gave none that is verified.
    ///   - numbers: the two-digit numbers to choose from; empty when browser and device are one machine.
    ///   - isRenewal: the device is this person's already; its sign-in is renewed.
    package init(
        csrf: String, facts: DeviceFacts, person: String, email: String, providerName: String, numbers: [String],
        isRenewal: Bool = false, problem: String? = nil
    ) {
        self.csrf = ShownText(csrf)
        self.facts = facts
        self.person = ShownText(person)
        self.email = email.isEmpty ? nil : ShownText(email)
        self.providerName = ShownText(providerName)
        self.numbers = numbers.map(ShownText.init)
        asksForNumber = !numbers.isEmpty
        self.isRenewal = isRenewal
        self.problem = problem.map(ShownText.init)
    }
}

/// The end of a sign-in, good or bad.
package struct OutcomePage: Sendable {
    /// Its raw value is `data-outcome` of the page's `<main id="outcome">`.
    package enum Kind: String, Sendable, CaseIterable {
        case allowed, denied, expired, failed, signedOut
    }

    let kind: ShownText
    let title: ShownText
    let message: ShownText
    let remedy: ShownText?
    let reference: ShownText?
    let deviceName: ShownText?

    /// - Parameters:
    ///   - remedy: what the person can do now, a sentence.
    ///   - reference: a short id that finds this event in the server's log.
    package init(
        kind: Kind, title: String, message: String, remedy: String? = nil, reference: String? = nil,
        deviceName: String? = nil
    ) {
        self.kind = ShownText(kind.rawValue)
        self.title = ShownText(title)
        self.message = ShownText(message)
        self.remedy = remedy.map(ShownText.init)
        self.reference = reference.map(ShownText.init)
        self.deviceName = deviceName.map(ShownText.init)
    }
}

/// What a person sees who opens the server's address by itself.
package struct LandingPage: Sendable {
    let serverURL: ShownText

    package init(serverURL: String) {
        self.serverURL = ShownText(serverURL)
    }
}

/// A stop of a moment: the browser goes on by itself to another site, by a `Refresh` header, or by the link.
///
/// Not a redirect, because `form-action 'self'` would forbid one that follows a form (CSP 3 §6.4.1).
package struct OnwardPage: Sendable {
    let title: ShownText
    let message: ShownText
    let link: ShownText
    let url: ShownText

    package init(title: String, message: String, link: String, url: String) {
        self.title = ShownText(title)
        self.message = ShownText(message)
        self.link = ShownText(link)
        self.url = ShownText(url)
    }
}
