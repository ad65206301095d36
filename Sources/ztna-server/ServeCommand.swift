import ArgumentParser
import Logging
import OperatorLog

struct ConfigurationOption: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    func path() throws -> String {
        guard let config else {
            throw fail(
                """
                no configuration was given. Write ztna.yaml with at least `server.url`, `organisation`, `state`, `policy` and one entry in \
                `identity_providers` (Docs/Configuration.md explains each key, Docs/examples/ztna.yaml is a start), then run
                  ztna-server check --config ztna.yaml
                """)
        }
        return config
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server until it is told to stop.")

    @OptionGroup var file: ConfigurationOption
    @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel = "info"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else { throw fail("there is no log level \(logLevel)") }
        LoggingSystem.bootstrap { StreamLogHandler(label: $0, stream: OneLineEvents()) }
        var logger = Logger(label: "ztna-server")
        logger.logLevel = level
        do {
            let server = try await ServerAssembly(configurationPath: try file.path(), logger: logger)
            try await server.run()
        } catch let failure as ServerAssembly.Failure { throw fail(failure.explanation) }
    }
}
