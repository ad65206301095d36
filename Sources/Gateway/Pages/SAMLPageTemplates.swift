extension PageTemplates {
    static let postOnward = """
        {{<layout}}
        {{$title}}{{title}}{{/title}}
        {{$main}}
        <main id="onward">
        <h1>{{title}}</h1>
        <p class="lead">{{message}}</p>
        <form method="post" action="{{action}}">
        {{#fields}}
        <input type="hidden" name="{{name}}" value="{{value}}">
        {{/fields}}
        <div class="actions">
        <button class="primary" type="submit">{{button}}</button>
        </div>
        </form>
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """

    static let testReport = """
        {{<layout}}
        {{$title}}{{title}}{{/title}}
        {{$main}}
        <main id="test-report">
        <h1>{{title}}</h1>
        <p class="lead">{{message}}</p>
        <h2>Checks</h2>
        <dl>
        {{#checks}}
        <div{{#explanation}} class="failed"{{/explanation}}><dt>{{verdict}}</dt> <dd><bdi>{{name}}</bdi>{{#explanation}} <span class="aside">{{.}}</span>{{/explanation}}</dd></div>
        {{/checks}}
        </dl>
        {{#facts}}
        <h2>Who this would be</h2>
        <dl>
        {{#rows}}
        <div><dt>{{name}}</dt> <dd><bdi>{{value}}</bdi></dd></div>
        {{/rows}}
        </dl>
        {{/facts}}
        {{#response}}
        <h2>The response, redacted</h2>
        <pre tabindex="0"><code>{{.}}</code></pre>
        {{/response}}
        </main>
        {{/main}}
        {{$footer}}{{/footer}}
        {{/layout}}
        """
}
