internal import ArgumentParser
internal import CommandLineClient

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Sign in with a browser, on this device or another.",
        discussion: """
            Prints an address and a code, and opens a browser where there is one. On another device the page asks for the
            number that is printed here. Ctrl-C ends the sign-in and changes nothing. With --json: one event a line; the last
            is a result or an error.
            """)

    @Option(help: ArgumentHelp("The server; needed at the first sign-in.", valueName: "url"))
    var server: String?
    @Flag(help: "Open no browser on this machine.")
    var noBrowser = false
    @Flag(help: "Show the address as a QR code.")
    var qr = false
    @Flag(help: "Sign in again although the session is still good.")
    var force = false
    @Flag(help: "Renew the second factor of the session that is there; nothing is interrupted.")
    var stepUp = false
    @OptionGroup var agent: AgentOptions

    func validate() throws {
        guard !stepUp || (server == nil && !force) else {
            throw ValidationError("--step-up renews the session that is there: leave out --server and --force.")
        }
    }

    func run() async throws {
        let browser = noBrowser ? nil : Browser.ofThisMachine(environment: AgentOptions.environment)
        let login = Login(
            options: Login.Options(server: server, force: force, stepUp: stepUp, showsQRCode: qr),
            socket: agent.socketPath,
            console: agent.console,
            openBrowser: browser.map(Self.opening), interruptions: Interruptions.stream())
        try finish(await login.run())
    }

    private static func opening(_ browser: Browser) -> Login.OpenBrowser {
        { url, onFailure in browser.open(url, onFailure: onFailure) }
    }
}
