import ArgumentParser
import Glibc
import ProgramEntry
import Wire

/// A whole network on this machine, from sign-in to revocation, on real parts.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-demo",
        abstract: "Shows a whole Zero Trust network at work on this machine, and leaves nothing behind.",
        discussion: """
            As root: server, identity provider and three devices in network namespaces of their own, with WireGuard between \
            the devices. Not as root: the same without the tunnel, on loopback. Nothing else on this machine is touched.

            Ends with 0 if every step did what it says.
            """,
        version: "ztna-demo \(ProgramVersion.current)")

    @Flag(help: "Print one JSON object on standard output; the steps go to standard error.") var json = false
    @Flag(help: "Leave it running at the end, to be tried by hand, until Enter or Ctrl-C.") var keep = false
    @Flag(help: "Leave the tunnel out, as without root.") var withoutTunnel = false
    @Option(
        help: ArgumentHelp("The identity providers of the repository.", valueName: "folder"), completion: .directory)
    var fixtures = "IdPFixtures"

    static func main() async { await enter() }

    func run() async throws {
        let options = Demo.Options(
            fixtures: fixtures, withTunnel: geteuid() == 0 && !withoutTunnel, keeps: keep, json: json)
        let work = Task { await Demo.run(options) }
        let termination = Termination { work.cancel() }
        let isOK = await work.value
        termination.stop()
        if !isOK { throw ExitCode.failure }
    }
}
