import ArgumentParser

/// Measures what the product promises about speed and size. Build it in release mode.
///
/// Each figure stands beside a reference measured in the same run: what the same machine does at best, or does bare.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ztna-bench", abstract: "Measure ztna against what this machine can do.",
        subcommands: [
            LoginBench.self, PollBench.self, IdleBench.self, SAMLBench.self, SCIMBench.self,
            RevokeBench.self, PolicyBench.self, AuditBench.self, TunnelCuts.self, EnforceBench.self, FilterFigures.self,
            LoadClient.self, BareProcess.self, IdleAgentRun.self,
        ])
}
