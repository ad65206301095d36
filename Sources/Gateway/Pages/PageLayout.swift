/// What every page has around its own part.
struct PageLayout: Sendable {
    /// Where in a sign-in the person is.
    enum Stage { case code, signIn, confirm }

    /// Whose network this is.
    let organisation: ShownText

    /// A whole page. `warns`: below it stands that nobody needs the person's code to help them.
    func page(title: Markup, stage: Stage? = nil, warns: Bool = false, main: Markup) -> Markup {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>\(title) · \(organisation)</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/ztna.css">
        </head>
        <body>
        <header>
        <img src="/assets/icon.svg" alt="" width="32" height="32">
        <p><strong><bdi>\(organisation)</bdi></strong> <span>Private network</span></p>
        </header>
        \(stage.map(steps))\(main)\(when: warns, Self.warning)</body>
        </html>

        """
    }

    private func steps(at stage: Stage) -> Markup {
        let (code, signIn, confirm): (Markup, Markup, Markup) =
            switch stage {
            case .code: (" aria-current=\"step\"", "", "")
            case .signIn: (" class=\"done\"", " aria-current=\"step\"", "")
            case .confirm: (" class=\"done\"", " class=\"done\"", " aria-current=\"step\"")
            }
        return """
            <ol class="steps" aria-label="Progress">
            <li\(code)>Code</li>
            <li\(signIn)>Sign in</li>
            <li\(confirm)>Confirm</li>
            </ol>

            """
    }

    private static let warning: Markup = """
        <footer>
        <p>Nobody needs your code, your password or your approval to help you. If someone asks for them, it is a trick.</p>
        </footer>

        """
}

extension Markup {
    /// Why the last attempt was refused; nothing for nil. The field that it is about refers to it by its id, `problem`.
    init(problem: ShownText?) {
        guard let problem else {
            self = ""
            return
        }
        self = """
            <div class="note problem" id="problem" role="alert">
            <p>\(Markup(sentence: problem))</p>
            </div>

            """
    }
}

extension DeviceFacts {
    /// The device that asks, and its code for comparison, even when it came in the URL (RFC 8628 §3.3.1).
    var section: Markup {
        """
        <section class="device" aria-labelledby="device-heading">
        <h2 id="device-heading">The device that asks</h2>
        <div class="compare">
        <p id="compare-label">Check that your terminal shows this same code</p>
        <p class="code" aria-describedby="compare-label"><strong>\(userCode)</strong></p>
        </div>
        <dl>
        <div><dt>Name</dt> <dd class="device-name"><bdi>\(name)</bdi></dd></div>
        <div><dt>System</dt> <dd><bdi>\(operatingSystem)</bdi></dd></div>
        <div><dt>Asks from</dt> <dd><bdi>\(address)</bdi></dd></div>
        <div><dt>Asked at</dt> <dd><bdi>\(requestedAt)</bdi> <span class="aside">\(requestedAgo)</span></dd></div>
        <div><dt>Key</dt> <dd>
        <ol class="words">\(fingerprintWords.map { "<li>\($0)</li> " })</ol>
        <code class="aside">\(fingerprint)</code>
        </dd></div>
        </dl>
        </section>

        """
    }
}
