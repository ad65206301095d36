extension EnterCodePage {
    func markup(in layout: PageLayout) -> Markup {
        let hint: Markup =
            isPrefilled
            ? "Filled in for you. Compare it with your terminal before you go on."
            : "Eight letters in two groups. Capitals and the dash do not matter."
        return layout.page(
            title: "Connect a device", stage: .code,
            main: """
                <main>
                <h1>Connect a device</h1>
                <p class="lead">Enter the code that <code>ztna login</code> shows in your terminal.</p>
                <form method="post" action="/device">
                <input type="hidden" name="csrf" value="\(csrf)">
                \(Markup(problem: problem))<label for="user-code">Code from your terminal</label>
                <input class="code" id="user-code" name="user_code" type="text" value="\(code)"
                 maxlength="24" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false"
                 inputmode="text" aria-describedby="\(when: problem != nil, "problem ")user-code-hint"
                 \(when: problem != nil, "aria-invalid=\"true\" ")autofocus required>
                <p class="hint" id="user-code-hint">\(hint)</p>
                <div class="actions">
                <button class="primary" type="submit">Continue</button>
                </div>
                </form>
                <p class="quiet">Did somebody give you this code, by phone, chat or mail? Then close this page: whoever has the
                terminal would get your access.</p>
                </main>

                """)
    }
}

extension RequestPage {
    func markup(in layout: PageLayout) -> Markup {
        layout.page(
            title: "Sign in for this device", stage: .signIn, warns: true,
            main: """
                <main>
                \(introduction(layout.organisation))\(facts.section)\
                <form method="post" action="/device/sign-in"\(when: problem != nil, " aria-describedby=\"problem\"")>
                <input type="hidden" name="csrf" value="\(csrf)">
                <h2>Sign in</h2>
                \(when: emailRouting, emailField)<div class="actions">
                \(choices)<button class="deny" type="submit" name="decision" value="deny" formnovalidate>No, I did not start this</button>
                </div>
                </form>
                </main>

                """)
    }

    private func introduction(_ organisation: ShownText) -> Markup {
        let lead: Markup =
            isRenewal
            ? """
            <h1>Renew your sign-in?</h1>
            \(Markup(problem: problem))<p class="lead" id="renewal">This device is signed in to the network of <bdi>\(organisation)</bdi>. What it wants to reach
            asks for a recent sign-in with a second factor, so you are asked to sign in once more. Its connections go on
            meanwhile.</p>

            """
            : """
            <h1>Is this device yours?</h1>
            \(Markup(problem: problem))<p class="lead">It asks to join the network of <bdi>\(organisation)</bdi> in your name. If it is yours, sign in.</p>

            """
        return "\(lead)\(when: isElsewhere, Self.warning)"
    }

    private static let warning: Markup = """
        <div class="note warning" role="note" id="elsewhere">
        <p><strong>Only continue if you started this yourself, just now.</strong> The request seems to come from
        another machine than this one. Nobody from support will ever ask you to open this page, to enter a code or to
        approve a device.</p>
        </div>

        """

    private var emailField: Markup {
        """
        <label for="email">Work e-mail address</label>
        <input id="email" name="email" type="email" value="\(email)" maxlength="254" autocomplete="username"
         autocapitalize="none" autocorrect="off" spellcheck="false" inputmode="email"
         aria-describedby="\(when: problem != nil, "problem ")email-hint"\(when: problem != nil, " aria-invalid=\"true\"") required>
        <p class="hint" id="email-hint">It takes you to your organisation’s sign-in page. You do not enter a password here.</p>
        <div class="actions">
        <button class="primary" type="submit">Continue</button>
        </div>
        <p class="or"><span>or choose where to sign in</span></p>

        """
    }

    private var choices: Markup {
        guard !providers.isEmpty else {
            return "<p>No identity provider is set up on this server. Please tell its administrator.</p>\n"
        }
        let look: Markup = isOnlyChoice ? "primary" : "choice"
        let buttons: [Markup] = providers.map { provider in
            """
            <button class="\(look)" type="submit" name="provider" value="\(provider.id)" formnovalidate>Continue with <bdi>\(provider.label)</bdi></button>

            """
        }
        return "\(buttons)"
    }
}

extension ConfirmPage {
    func markup(in layout: PageLayout) -> Markup {
        let (question, consequence): (Markup, Markup) =
            isRenewal
            ? ("Renew this device’s sign-in?", "reaches in your name what asks for a recent second factor")
            : ("Allow this device?", "acts in your name on the network")
        return layout.page(
            title: "Confirm this device", stage: .confirm, warns: true,
            main: """
                <main>
                <h1>\(question)</h1>
                \(Markup(problem: problem))<p class="person">
                <strong><bdi>\(person)</bdi></strong>
                \(email.map { "<span><bdi>\($0)</bdi></span>" })
                <span class="aside">signed in with <bdi>\(providerName)</bdi></span>
                </p>
                <p class="lead">If you say yes, this device \(consequence).</p>
                \(facts.section)<form method="post" action="/device/confirm"\(when: problem != nil, " aria-describedby=\"problem\"")>
                <input type="hidden" name="csrf" value="\(csrf)">
                \(when: asksForNumber, numberField)<div class="actions">
                <button class="primary" type="submit" name="decision" value="allow">Yes, this is my device</button>
                <button class="deny" type="submit" name="decision" value="deny" formnovalidate>No, stop this</button>
                </div>
                </form>
                </main>

                """)
    }

    private var numberField: Markup {
        let choices: [Markup] = numbers.map { number in
            """
            <label class="number"><input type="radio" name="number" value="\(number)" required> <span>\(number)</span></label>

            """
        }
        return """
            <fieldset aria-describedby="\(when: problem != nil, "problem ")number-hint">
            <legend>Which number does your terminal show?</legend>
            <p class="hint" id="number-hint">If your terminal shows none of them, or you have no terminal open, say no.</p>
            <div class="numbers">
            \(choices)</div>
            </fieldset>

            """
    }
}
