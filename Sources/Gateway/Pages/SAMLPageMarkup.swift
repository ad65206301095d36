extension PostOnwardPage {
    func markup(in layout: PageLayout) -> Markup {
        let hidden: [Markup] = fields.map { field in
            """
            <input type="hidden" name="\(field.name)" value="\(field.value)">

            """
        }
        return layout.page(
            title: "\(title)",
            main: """
                <main id="onward">
                <h1>\(title)</h1>
                <p class="lead">\(message)</p>
                <form method="post" action="\(action)">
                \(hidden)<div class="actions">
                <button class="primary" type="submit">\(button)</button>
                </div>
                </form>
                </main>

                """)
    }
}

extension TestReportPage {
    func markup(in layout: PageLayout) -> Markup {
        layout.page(
            title: "\(title)",
            main: """
                <main id="test-report">
                <h1>\(title)</h1>
                <p class="lead">\(message)</p>
                <h2>Checks</h2>
                <dl>
                \(checks.map(\.row))</dl>
                \(when: !facts.isEmpty, person)\(response.map(Self.redacted))</main>

                """)
    }

    private var person: Markup {
        """
        <h2>Who this would be</h2>
        <dl>
        \(facts.map(\.row))</dl>

        """
    }

    private static func redacted(_ response: ShownText) -> Markup {
        """
        <h2>The response, redacted</h2>
        <pre tabindex="0"><code>\(response)</code></pre>

        """
    }
}

extension TestReportPage.Check {
    fileprivate var row: Markup {
        """
        <div\(when: explanation != nil, " class=\"failed\"")><dt>\(verdict)</dt> <dd><bdi>\(name)</bdi>\
        \(explanation.map { " <span class=\"aside\">\($0)</span>" })</dd></div>

        """
    }
}

extension TestReportPage.Fact {
    fileprivate var row: Markup { "<div><dt>\(name)</dt> <dd><bdi>\(value)</bdi></dd></div>\n" }
}
