import AccessPolicy
import ServerConfiguration
import Testing

@Suite struct `The documented examples` {
    private static func example(_ name: String) -> String {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        return "\(root)/Docs/examples/\(name)"
    }

    /// The system's files, and beside them those that the example names and no repository should hold.
    private static var system: Files {
        let real = Files.ofSystem()
        return Files(
            read: { path, maximum in
                [".pem", "-secret.txt"].contains(where: path.hasSuffix)
                    ? .success(Array("x".utf8)) : real.read(path, maximum)
            }, mode: real.mode, environment: real.environment)
    }

    @Test func `are good`() throws {
        let configuration = try ServerConfiguration.load(path: Self.example("ztna.yaml"), files: Self.system, now: 0)
            .get()
        let policy = try PolicyFile.load(path: configuration.policyFile, files: Self.system, now: 0).get().policy
        #expect(
            configuration.providers.count == 2 && configuration.warnings.isEmpty && policy.rules.count == 5
                && policy.tests.count == 7)
    }
}

@Suite struct `The system's files` {
    @Test func `tell what is no readable file`() {
        let system = Files.ofSystem()
        #expect(system.read("/nonexistent/file", 10) == .failure(.notFound))
        #expect(system.read("/", 10) == .failure(.notAFile))
        #expect(system.read("/dev/zero", 10) == .failure(.notAFile))
        #expect(system.read(#filePath, 10) == .failure(.tooLarge))
        #expect(system.mode("/nonexistent/file") == nil)
        #expect(system.mode(#filePath).map { $0 & 0o400 } == 0o400)
        #expect(system.environment("ZTNA_NO_SUCH_VARIABLE") == nil)
    }
}
