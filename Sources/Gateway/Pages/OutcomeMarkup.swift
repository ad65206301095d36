extension OutcomePage {
    func markup(in layout: PageLayout) -> Markup {
        let device: Markup? = deviceName.map { name in
            """
            <p class="subject"><span class="aside">Device</span> <strong><bdi>\(name)</bdi></strong></p>

            """
        }
        let advice: Markup? = remedy.map { remedy in
            """
            <div class="note remedy">
            <h2>What to do now</h2>
            <p>\(Markup(sentence: remedy))</p>
            </div>

            """
        }
        let quotation: Markup? = reference.map { reference in
            """
            <p class="quiet">If you ask your administrator about this, quote <code>\(reference)</code>.</p>

            """
        }
        return layout.page(
            title: "\(title)",
            main: """
                <main id="outcome" data-outcome="\(kind)">
                <h1>\(title)</h1>
                <p class="lead">\(Markup(sentence: message))</p>
                \(device)\(advice)\(quotation)</main>

                """)
    }
}

extension LandingPage {
    func markup(in layout: PageLayout) -> Markup {
        layout.page(
            title: "Private network",
            main: """
                <main>
                <h1>The private network of <bdi>\(layout.organisation)</bdi></h1>
                <p class="lead">This server connects your devices with the machines that you may use, and with nothing else. You sign
                in with the account you already have.</p>
                <h2>Connect a device</h2>
                <p>Run this in its terminal and follow what it says:</p>
                <pre tabindex="0"><code>ztna login --server \(serverURL)</code></pre>
                <p class="quiet">Your terminal already shows a code? <a href="/device">Enter it here</a>.</p>
                </main>

                """)
    }
}

extension OnwardPage {
    func markup(in layout: PageLayout) -> Markup {
        layout.page(
            title: "\(title)",
            main: """
                <main id="onward">
                <h1>\(title)</h1>
                <p class="lead">\(Markup(sentence: message))</p>
                <p><a href="\(url)" rel="noreferrer">\(link)</a></p>
                </main>

                """)
    }
}
