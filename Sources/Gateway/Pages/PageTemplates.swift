/// The HTML of the pages. Every value is written with two braces, which escape; three braces do not occur.
///
/// Each page is the layout with its blocks filled in: `title`, `steps` (where the person is), `main`, and `footer`
/// where the warning in it is not wanted.
enum PageTemplates {
    static let layout = """
        <!doctype html>
        <html lang="en">
        {{#page}}
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>{{$title}}Sign in{{/title}} · {{organisation}}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/ztna.css">
        </head>
        <body>
        <header>
        <img src="/assets/icon.svg" alt="" width="32" height="32">
        <p><strong><bdi>{{organisation}}</bdi></strong> <span>Private network</span></p>
        </header>
        {{$steps}}{{/steps}}
        {{$main}}{{/main}}
        {{$footer}}
        <footer>
        <p>Nobody needs your code, your password or your approval to help you. If someone asks for them, it is a trick.</p>
        </footer>
        {{/footer}}
        </body>
        {{/page}}
        </html>

        """

    /// Shown inside a section on the problem's text.
    static let problem = """
        <div class="note problem" id="problem" role="alert">
        <p>{{.}}</p>
        </div>

        """

    /// The device that asks, and its code for comparison, even when it came in the URL (RFC 8628 §3.3.1).
    static let facts = """
        <section class="device" aria-labelledby="device-heading">
        <h2 id="device-heading">The device that asks</h2>
        <div class="compare">
        <p id="compare-label">Check that your terminal shows this same code</p>
        <p class="code" aria-describedby="compare-label"><strong>{{userCode}}</strong></p>
        </div>
        <dl>
        <div><dt>Name</dt> <dd class="device-name"><bdi>{{name}}</bdi></dd></div>
        <div><dt>System</dt> <dd><bdi>{{operatingSystem}}</bdi></dd></div>
        <div><dt>Asks from</dt> <dd><bdi>{{address}}</bdi></dd></div>
        <div><dt>Asked at</dt> <dd><bdi>{{requestedAt}}</bdi> <span class="aside">{{requestedAgo}}</span></dd></div>
        <div><dt>Key</dt> <dd>
        <ol class="words">{{#fingerprintWords}}<li>{{.}}</li> {{/fingerprintWords}}</ol>
        <code class="aside">{{fingerprint}}</code>
        </dd></div>
        </dl>
        </section>

        """

    static let enterCode = """
        {{<layout}}
        {{$title}}Connect a device{{/title}}
        {{$steps}}
        <ol class="steps" aria-label="Progress">
        <li aria-current="step">Code</li>
        <li>Sign in</li>
        <li>Confirm</li>
        </ol>
        {{/steps}}
        {{$main}}
        <main>
        <h1>Connect a device</h1>
        <p class="lead">Enter the code that <code>ztna login</code> shows in your terminal.</p>
        <form method="post" action="/device">
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{#problem}}
        {{> problem}}
        {{/problem}}
        <label for="user-code">Code from your terminal</label>
        <input class="code" id="user-code" name="user_code" type="text" value="{{code}}"
         maxlength="24" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false"
         inputmode="text" aria-describedby="{{#problem}}problem {{/problem}}user-code-hint"
         {{#problem}}aria-invalid="true" {{/problem}}autofocus required>
        {{#isPrefilled}}
        <p class="hint" id="user-code-hint">Filled in for you. Compare it with your terminal before you go on.</p>
        {{/isPrefilled}}
        {{^isPrefilled}}
        <p class="hint" id="user-code-hint">Eight letters in two groups. Capitals and the dash do not matter.</p>
        {{/isPrefilled}}
        <div class="actions">
        <button class="primary" type="submit">Continue</button>
        </div>
        </form>
        <p class="quiet">Did somebody give you this code, by phone, chat or mail? Then close this page: whoever has the
        terminal would get your access.</p>
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """

    static let request = """
        {{<layout}}
        {{$title}}Sign in for this device{{/title}}
        {{$steps}}
        <ol class="steps" aria-label="Progress">
        <li class="done">Code</li>
        <li aria-current="step">Sign in</li>
        <li>Confirm</li>
        </ol>
        {{/steps}}
        {{$main}}
        <main>
        <h1>{{#isRenewal}}Renew your sign-in?{{/isRenewal}}{{^isRenewal}}Is this device yours?{{/isRenewal}}</h1>
        {{#problem}}
        {{> problem}}
        {{/problem}}
        {{#isRenewal}}
        <p class="lead" id="renewal">This device is signed in to the network of <bdi>{{organisation}}</bdi>. What it wants to reach
        asks for a recent sign-in with a second factor, so you are asked to sign in once more. Its connections go on
        meanwhile.</p>
        {{/isRenewal}}
        {{^isRenewal}}
        <p class="lead">It asks to join the network of <bdi>{{organisation}}</bdi> in your name. If it is yours, sign in.</p>
        {{/isRenewal}}
        {{#isElsewhere}}
        <div class="note warning" role="note" id="elsewhere">
        <p><strong>Only continue if you started this yourself, just now.</strong> The request seems to come from
        another machine than this one. Nobody from support will ever ask you to open this page, to enter a code or to
        approve a device.</p>
        </div>
        {{/isElsewhere}}
        {{#facts}}
        {{> facts}}
        {{/facts}}
        <form method="post" action="/device/sign-in"{{#problem}} aria-describedby="problem"{{/problem}}>
        <input type="hidden" name="csrf" value="{{csrf}}">
        <h2>Sign in</h2>
        {{#emailRouting}}
        <label for="email">Work e-mail address</label>
        <input id="email" name="email" type="email" value="{{email}}" maxlength="254" autocomplete="username"
         autocapitalize="none" autocorrect="off" spellcheck="false" inputmode="email"
         aria-describedby="{{#problem}}problem {{/problem}}email-hint"{{#problem}} aria-invalid="true"{{/problem}} required>
        <p class="hint" id="email-hint">It takes you to your organisation’s sign-in page. You do not enter a password here.</p>
        <div class="actions">
        <button class="primary" type="submit">Continue</button>
        </div>
        <p class="or"><span>or choose where to sign in</span></p>
        {{/emailRouting}}
        <div class="actions">
        {{#providers}}
        <button class="{{#isOnlyChoice}}primary{{/isOnlyChoice}}{{^isOnlyChoice}}choice{{/isOnlyChoice}}" type="submit" name="provider" value="{{id}}" formnovalidate>Continue with <bdi>{{label}}</bdi></button>
        {{/providers}}
        {{^providers}}
        <p>No identity provider is set up on this server. Please tell its administrator.</p>
        {{/providers}}
        <button class="deny" type="submit" name="decision" value="deny" formnovalidate>No, I did not start this</button>
        </div>
        </form>
        </main>
        {{/main}}
        {{/layout}}
        """

    static let confirm = """
        {{<layout}}
        {{$title}}Confirm this device{{/title}}
        {{$steps}}
        <ol class="steps" aria-label="Progress">
        <li class="done">Code</li>
        <li class="done">Sign in</li>
        <li aria-current="step">Confirm</li>
        </ol>
        {{/steps}}
        {{$main}}
        <main>
        <h1>{{#isRenewal}}Renew this device’s sign-in?{{/isRenewal}}{{^isRenewal}}Allow this device?{{/isRenewal}}</h1>
        {{#problem}}
        {{> problem}}
        {{/problem}}
        <p class="person">
        <strong><bdi>{{person}}</bdi></strong>
        {{#email}}<span><bdi>{{.}}</bdi></span>{{/email}}
        <span class="aside">signed in with <bdi>{{providerName}}</bdi></span>
        </p>
        {{#isRenewal}}
        <p class="lead">If you say yes, this device reaches in your name what asks for a recent second factor.</p>
        {{/isRenewal}}
        {{^isRenewal}}
        <p class="lead">If you say yes, this device acts in your name on the network.</p>
        {{/isRenewal}}
        {{#facts}}
        {{> facts}}
        {{/facts}}
        <form method="post" action="/device/confirm"{{#problem}} aria-describedby="problem"{{/problem}}>
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{#asksForNumber}}
        <fieldset aria-describedby="{{#problem}}problem {{/problem}}number-hint">
        <legend>Which number does your terminal show?</legend>
        <p class="hint" id="number-hint">If your terminal shows none of them, or you have no terminal open, say no.</p>
        <div class="numbers">
        {{#numbers}}
        <label class="number"><input type="radio" name="number" value="{{.}}" required> <span>{{.}}</span></label>
        {{/numbers}}
        </div>
        </fieldset>
        {{/asksForNumber}}
        <div class="actions">
        <button class="primary" type="submit" name="decision" value="allow">Yes, this is my device</button>
        <button class="deny" type="submit" name="decision" value="deny" formnovalidate>No, stop this</button>
        </div>
        </form>
        </main>
        {{/main}}
        {{/layout}}
        """

    static let outcome = """
        {{<layout}}
        {{$title}}{{title}}{{/title}}
        {{$main}}
        <main id="outcome" data-outcome="{{kind}}">
        <h1>{{title}}</h1>
        <p class="lead">{{message}}</p>
        {{#deviceName}}
        <p class="subject"><span class="aside">Device</span> <strong><bdi>{{.}}</bdi></strong></p>
        {{/deviceName}}
        {{#remedy}}
        <div class="note remedy">
        <h2>What to do now</h2>
        <p>{{.}}</p>
        </div>
        {{/remedy}}
        {{#reference}}
        <p class="quiet">If you ask your administrator about this, quote <code>{{.}}</code>.</p>
        {{/reference}}
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """

    static let onward = """
        {{<layout}}
        {{$title}}{{title}}{{/title}}
        {{$main}}
        <main id="onward">
        <h1>{{title}}</h1>
        <p class="lead">{{message}}</p>
        <p><a href="{{url}}" rel="noreferrer">{{link}}</a></p>
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """

    static let landing = """
        {{<layout}}
        {{$title}}Private network{{/title}}
        {{$main}}
        <main>
        <h1>The private network of <bdi>{{organisation}}</bdi></h1>
        <p class="lead">This server connects your devices with the machines that you may use, and with nothing else. You sign
        in with the account you already have.</p>
        <h2>Connect a device</h2>
        <p>Run this in its terminal and follow what it says:</p>
        <pre tabindex="0"><code>ztna login --server {{serverURL}}</code></pre>
        <p class="quiet">Your terminal already shows a code? <a href="/device">Enter it here</a>.</p>
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """
}
