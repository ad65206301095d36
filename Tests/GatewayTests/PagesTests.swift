import Foundation
import Gateway
import Testing

@Suite struct `The pages of a sign-in` {
    @Test(arguments: try PageSamples.all())
    func `hold no script, no inline style, no GET form and no unlabelled field`(_ sample: PageSamples.Sample) {
        let html = sample.html.lowercased()
        for forbidden in [
            "<script", "style=", "<style", "javascript:", " onclick", " onload", " onfocus", " onerror",
            "method=\"get\"",
            "<iframe", "{{", "http-equiv", "Optional(".lowercased(),
        ] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
        let tags = MarkupReader(sample.html).tags
        #expect(tags.count { $0.name == "h1" } == 1)
        #expect(tags.count { $0.name == "main" } == 1)
        #expect(tags.filter { $0.name == "form" }.allSatisfy { $0.attributes["method"] == "post" })
        let identifiers = tags.compactMap { $0.attributes["id"] }
        #expect(Set(identifiers).count == identifiers.count)
        for reference in tags.flatMap({ [$0.attributes["aria-describedby"], $0.attributes["for"]] }).compactMap(\.self)
        {
            #expect(reference.split(separator: " ").allSatisfy { identifiers.contains(String($0)) }, "\(reference)")
        }
        for field in tags where field.name == "input" && field.attributes["type"] != "hidden" {
            let isNamed = tags.contains { $0.name == "label" && $0.attributes["for"] == field.attributes["id"] }
            #expect(isNamed || field.ancestors.contains("label"), "\(field)")
        }
    }

    @Test(arguments: try PageSamples.all())
    func `are well formed, with attributes from a short list`(_ sample: PageSamples.Sample) {
        let reader = MarkupReader(sample.html)
        #expect(reader.fault == nil)
        let known: Set = [
            "alt", "aria-current", "aria-describedby", "aria-invalid", "aria-label", "aria-labelledby", "action",
            "autocapitalize", "autocomplete", "autocorrect", "autofocus", "charset", "class", "content", "data-outcome",
            "for", "formnovalidate", "height", "href", "id", "inputmode", "lang", "maxlength", "method", "name",
            "rel", "required", "role", "spellcheck", "src", "tabindex", "type", "value", "width",
        ]
        for tag in reader.tags {
            #expect(known.isSuperset(of: tag.attributes.keys), "\(tag)")
        }
    }

    @Test(arguments: try PageSamples.all().filter(\.hasForm))
    func `carry their CSRF token once in each form`(_ sample: PageSamples.Sample) {
        let tags = MarkupReader(sample.html).tags
        let tokens = tags.filter { $0.name == "input" && $0.attributes["name"] == "csrf" }
        #expect(tokens.count == 1 && tags.count { $0.name == "form" } == 1)
        #expect(tokens.allSatisfy { $0.attributes["type"] == "hidden" && $0.ancestors.contains("form") })
    }

    @Test(arguments: try PageSamples.all().filter(\.hasForm))
    func `never deny by a press of Enter`(_ sample: PageSamples.Sample) {
        let buttons = MarkupReader(sample.html).tags.filter { $0.name == "button" }
        #expect(buttons.first?.attributes["value"] != "deny" || buttons.count == 1)
        #expect(buttons.allSatisfy { $0.attributes["type"] == "submit" })
    }

    @Test func `show the code, the device and the words for comparison`() throws {
        let pages = Pages(organisation: "Example Corp")
        for html in [pages.request(PageSamples.request()), pages.confirm(PageSamples.confirm())] {
            for fact in [
                "<strong>BCDF-GHJK</strong>", "alices-laptop", "Debian GNU/Linux 12", "192.0.2.17", "14:02 UTC",
                "2 minutes ago", "<li>harbour</li>", "<li>violin</li>", "3f9a 0c1d", "same code",
            ] {
                #expect(html.contains(fact), "\(fact)")
            }
        }
    }

    @Test func `warn when the request comes from another machine, and only then`() throws {
        let pages = Pages(organisation: "Example Corp")
        let warning = "Only continue if you started this yourself, just now."
        #expect(pages.request(PageSamples.request(isElsewhere: true)).contains(warning))
        #expect(!pages.request(PageSamples.request(isElsewhere: false)).contains(warning))
    }

    @Test func `offer the numbers of another machine, and none on the same`() throws {
        let pages = Pages(organisation: "Example Corp")
        let offered = MarkupReader(pages.confirm(PageSamples.confirm(numbers: ["07", "42", "93"]))).tags
            .filter { $0.attributes["name"] == "number" }
        #expect(offered.map { $0.attributes["value"] } == ["07", "42", "93"])
        #expect(offered.allSatisfy { $0.attributes["type"] == "radio" && $0.attributes["required"] != nil })
        let same = pages.confirm(PageSamples.confirm(numbers: []))
        #expect(!same.contains("fieldset") && !same.contains("radio"))
    }

    @Test func `let a denial through without a number or an e-mail address`() throws {
        let pages = Pages(organisation: "Example Corp")
        for html in [
            pages.confirm(PageSamples.confirm(numbers: ["07", "42", "93"])),
            pages.request(PageSamples.request(emailRouting: true)),
        ] {
            let denial = MarkupReader(html).tags.filter { $0.attributes["value"] == "deny" }
            #expect(denial.count == 1 && denial.allSatisfy { $0.attributes["formnovalidate"] != nil })
        }
    }

    @Test func `offer e-mail first and each provider as a button`() throws {
        let pages = Pages(organisation: "Example Corp")
        let tags = MarkupReader(pages.request(PageSamples.request(emailRouting: true))).tags
        #expect(tags.contains { $0.name == "input" && $0.attributes["name"] == "email" })
        let buttons = tags.filter { $0.name == "button" }
        #expect(buttons.map { $0.attributes["name"] ?? "" } == ["", "provider", "provider", "decision"])
        #expect(buttons.map { $0.attributes["value"] ?? "" } == ["", "main", "partners", "deny"])
        let none = pages.request(
            RequestPage(csrf: "t", facts: PageSamples.facts(), providers: [], emailRouting: false, isElsewhere: false))
        #expect(none.contains("No identity provider is set up"))
    }

    @Test func `tie a problem to the field it is about`() throws {
        let pages = Pages(organisation: "Example Corp")
        let field = MarkupReader(pages.enterCode(EnterCodePage(csrf: "t", code: "XXXX-XXXX", problem: "Not a code.")))
            .tags.first { $0.attributes["name"] == "user_code" }
        #expect(field?.attributes["aria-describedby"] == "problem user-code-hint")
        #expect(field?.attributes["aria-invalid"] == "true")
        let first = MarkupReader(pages.enterCode(EnterCodePage(csrf: "t"))).tags
        #expect(!first.contains { $0.attributes["aria-invalid"] != nil || $0.attributes["id"] == "problem" })
    }

    @Test(arguments: OutcomePage.Kind.allCases)
    func `say their outcome for a program to read`(_ kind: OutcomePage.Kind) throws {
        let html = Pages(organisation: "Example Corp")
            .outcome(OutcomePage(kind: kind, title: "Title", message: "Message."))
        #expect(html.contains("<main id=\"outcome\" data-outcome=\"\(kind.rawValue)\">"))
    }

    @Test func `give the command that connects a device`() throws {
        let html = Pages(organisation: "Example Corp").landing(LandingPage(serverURL: "https://ztna.example"))
        #expect(html.contains("<code>ztna login --server https://ztna.example</code>"))
    }
}

@Suite struct `What strangers chose` {
    /// Values that try to leave their place: by markup, by quotes, and by both hidden in one grapheme cluster
    /// (U+0301 and U+200D extend the character before them, U+0600 and U+0D4E join the one after).
    static let hostile = [
        "<script>alert(1)</script>", "\" onfocus=\"alert(1)", "' autofocus x='", "a & b &lt;", "{{organisation}}",
        "\"\u{301} onfocus=alert(1) x=\"\u{301}", "<\u{301}b>\u{200D}", "\u{600}\" onfocus=x", "\u{D4E}\"><img src=x>",
        "\">\u{FE0F}<p>", "'\u{20E3}>", "-->]]>", "\u{0}\"\u{7F}",
    ]

    @Test(arguments: hostile)
    func `stays text in every place of every page`(_ value: String) throws {
        let harmless = try PageSamples.all(everything: "plain").map { MarkupReader($0.html).tags.map(\.shape) }
        let attacked = try PageSamples.all(everything: value)
        for (sample, expected) in zip(attacked, harmless) {
            let reader = MarkupReader(sample.html)
            #expect(reader.fault == nil, "\(sample)")
            #expect(reader.tags.map(\.shape) == expected, "\(sample)")
        }
    }

    @Test(arguments: [
        ("Run `ztna login` again.", "<p>Run <code>ztna login</code> again.</p>"),
        ("`a` or `b<c>`", "<p><code>a</code> or <code>b&lt;c&gt;</code></p>"), ("a ` b", "<p>a ` b</p>"),
        ("`a` ` b", "<p><code>a</code> ` b</p>"), ("none", "<p>none</p>"),
    ])
    func `has its commands as code, without backticks`(_ remedy: String, _ shown: String) throws {
        let page = OutcomePage(kind: .failed, title: "t", message: "m", remedy: remedy)
        #expect(Pages(organisation: "o").outcome(page).contains(shown))
    }

    @Test func `is escaped once`() throws {
        let html = Pages(organisation: "R&D <Lab>").landing(LandingPage(serverURL: "https://a.example/?a=1&b='2'"))
        #expect(html.contains("R&amp;D &lt;Lab&gt;"))
        #expect(html.contains("https://a.example/?a=1&amp;b=&#39;2&#39;"))
    }

    @Test(arguments: [
        ("a\u{0}b\u{1B}[2Jc\u{9B}d\n", "a\u{FFFD}b\u{FFFD}[2Jc\u{FFFD}d\u{FFFD}"),
        ("bank\u{202E}moc", "bank\u{FFFD}moc"), ("a\u{200B}b\u{200F}c", "a\u{FFFD}b\u{FFFD}c"),
        ("a\u{202A}\u{2066}\u{2069}\u{FEFF}", "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ("a\u{2028}b\u{AD}c\u{61C}d\u{2060}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}"),
        ("a\u{E0041}\u{3164}\u{E000}", "a\u{FFFD}\u{FFFD}\u{FFFD}"),
        ("\r\n", "\u{FFFD}\u{FFFD}"), ("a" + String(repeating: "\u{301}", count: 40), "a\u{301}\u{301}\u{301}"),
        ("Büro – 東京 ❤\u{FE0F} ق", "Büro – 東京 ❤\u{FE0F} ق"), ("e\u{301}", "e\u{301}"),
    ])
    func `hides nothing and turns nothing around`(_ received: String, _ shown: String) throws {
        let html = Pages(organisation: "Example Corp")
            .outcome(OutcomePage(kind: .allowed, title: "T", message: "M", deviceName: received))
        // Compared as scalars: `String` equality would take é and e with an accent for the same.
        let device = Array("<bdi>\(shown)</bdi></strong></p>".unicodeScalars)
        #expect(Array(html.unicodeScalars).firstRange(of: device) != nil)
    }
}

@Suite struct `The stylesheet` {
    /// Foreground, background and the least contrast between them. Source: WCAG 2.2 §1.4.3, §1.4.11.
    static let pairs: [(String, String, Double)] = [
        ("text", "ground", 4.5), ("text", "card", 4.5), ("text", "sunken", 4.5), ("muted", "ground", 4.5),
        ("muted", "card", 4.5), ("muted", "sunken", 4.5), ("accent", "card", 4.5), ("accent-strong", "card", 4.5),
        ("on-accent", "accent", 4.5), ("on-accent", "accent-strong", 4.5), ("danger", "card", 4.5),
        ("danger", "sunken", 4.5), ("danger", "danger-ground", 4.5), ("caution", "caution-ground", 4.5),
        ("edge", "card", 3), ("edge", "ground", 3), ("accent", "ground", 3), ("danger", "card", 3),
        ("on-sign", "good", 3), ("on-sign", "danger", 3), ("on-sign", "muted", 3), ("caution-line", "card", 3),
    ]

    @Test(arguments: [false, true])
    func `has enough contrast in each of its pairs`(_ dark: Bool) throws {
        let palette = Self.palette(dark: dark)
        for (foreground, background, least) in Self.pairs {
            let over = try #require(palette[foreground]), under = try #require(palette[background])
            let contrast = (max(over, under) + 0.05) / (min(over, under) + 0.05)
            #expect(contrast >= least, "\(foreground) on \(background): \(contrast)")
        }
    }

    @Test func `refers only to itself`() {
        #expect(!Pages.stylesheet.contains("@import") && !Pages.stylesheet.contains("//fonts"))
        #expect(
            Pages.stylesheet.split(separator: "url(").dropFirst().allSatisfy { $0.hasPrefix("\"data:image/svg+xml,") })
        #expect(MarkupReader(Pages.icon).fault == nil)
        #expect(!Pages.icon.contains("<script"))
    }

    /// Relative luminance by colour name; the dark values come second in the sheet.
    private static func palette(dark: Bool) -> [String: Double] {
        var palette: [String: Double] = [:]
        var seen: Set<String> = []
        for match in Pages.stylesheet.matches(of: /--([a-z-]+): #([0-9a-f]{6});/) {
            let isSecond = !seen.insert(String(match.1)).inserted
            guard isSecond == dark, let colour = Int(match.2, radix: 16) else { continue }
            let channels = [colour >> 16 & 0xff, colour >> 8 & 0xff, colour & 0xff].map { channel -> Double in
                let share = Double(channel) / 255
                return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
            }
            palette[String(match.1)] = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
        }
        return palette
    }
}
