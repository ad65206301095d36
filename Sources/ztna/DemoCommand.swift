internal import ArgumentParser
internal import CommandLineClient
internal import Glibc

/// The demo is a program of its own, so that this one stays small.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run a whole network on this machine and show it at work.",
        discussion: "Runs ztna-demo, found beside this program, with the same arguments: ztna demo --help")

    @Argument(parsing: .captureForPassthrough, help: "What ztna-demo takes.")
    var arguments: [String] = []

    func run() throws {
        guard let own = Self.ownPath(), let slash = own.lastIndex(of: "/") else {
            throw ValidationError("ztna does not know its own path: run ztna-demo yourself.")
        }
        let path = own[..<slash] + "/ztna-demo"
        var words = ([String(path)] + arguments).map { strdup($0) } + [nil]
        execv(String(path), &words)
        let reason = String(cString: strerror(errno))
        for word in words { free(word) }
        let failure = ClientFailure(
            name: "failed", message: "\(path) cannot be run: \(reason).", remedy: "Install it beside ztna.",
            status: .failed)
        try finish(Console.standard(json: false, environment: AgentOptions.environment).report(failure))
    }

    private static func ownPath() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/self/exe", $0, bytes.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }
}
