import DetachedPrograms
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A detached program` {
    private func end(
        _ words: [String], environment: [String]? = nil, killingAfter limit: Int? = nil
    ) async -> DetachedProgram.End {
        await withCheckedContinuation { done in
            DetachedProgram(words: words, environment: environment).start(killingAfter: limit) {
                done.resume(returning: $0)
            }
        }
    }

    @Test func `tells how it ended`() async {
        #expect(await end(["/bin/true"]) == .well)
        #expect(await end(["/bin/true"], killingAfter: 3600) == .well)
        #expect(await end(["/bin/false"]) == .badly)
        #expect(await end(["/nonexistent"]) == .notStarted)
        #expect(await end([]) == .notStarted)
    }

    @Test func `that hangs is killed`() async {
        #expect(await end(["/bin/sh", "-c", "trap '' TERM; sleep 3600"], killingAfter: 1) == .killed)
    }

    @Test func `gets the given environment alone, or ours`() async {
        setenv("ZTNA_DETACHED", "ours", 1)
        #expect(await end(["/bin/sh", "-c", "test \"$ZTNA_DETACHED\" = ours"]) == .well)
        #expect(await end(["/bin/sh", "-c", "test \"$ZTNA_DETACHED$A\" = b"], environment: ["A=b"]) == .well)
    }

    @Test func `has no file of ours`() async throws {
        let path = "/tmp/ztna-detached-" + UUID().uuidString
        let descriptor = open(path, O_CREAT | O_RDWR, 0o600)
        try #require(descriptor > STDERR_FILENO)
        defer {
            close(descriptor)
            unlink(path)
        }
        #expect(await end(["/bin/sh", "-c", "! ls -l /proc/$$/fd | grep -q \(path)"]) == .well)
    }

    @Test func `has no terminal, no input and a session of its own`() async {
        #expect(await end(["/bin/sh", "-c", "! read line && test $(ps -o sid= -p $$) = $$"]) == .well)
    }
}
