import SignedXML
import Synchronization
import Testing

@Suite struct `The threads for XML` {
    private struct Wrong: Error, Equatable {}

    @Test func `give back what the work gave`() async throws {
        let workers = XMLWorkers(threads: 2)
        #expect(try await workers.run { 42 } == 42)
        await #expect(throws: Wrong()) { try await workers.run { throw Wrong() } }
        await #expect(throws: SignedXMLError.tooLarge) {
            try await workers.run { () throws(SignedXMLError) -> Int in throw .tooLarge }
        }
        workers.stop()
    }

    @Test func `work on many documents at once`() async throws {
        let workers = XMLWorkers(threads: 2, queueLimit: 1_000)
        let text = Array(try Samples.signedAssertion().utf8)
        let keys = [try TestKeys.pinned()]
        let expected = try Samples.verified(Samples.signedAssertion())
        try await withThrowingTaskGroup(of: SignedBytes.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await workers.run {
                        try XMLDocument(parsing: text).verifiedBytes(of: .root, keys: keys, policy: AlgorithmPolicy())
                    }
                }
            }
            for try await verified in group { #expect(verified == expected) }
        }
        workers.stop()
    }

    /// A lock that work waits at until the test opens it.
    private final class Gate: Sendable {
        private let isOpen = Atomic<Bool>(false)
        func open() { isOpen.store(true, ordering: .releasing) }
        func wait() { while !isOpen.load(ordering: .acquiring) {} }
    }

    @Test func `refuse more than may wait`() async throws {
        let workers = XMLWorkers(threads: 1, queueLimit: 1)
        let gate = Gate()
        // Of three pieces one works and one waits at most: so one is refused, and the others end when the gate opens.
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do {
                        try await workers.run { gate.wait() }
                        return true
                    } catch {
                        gate.open()
                        return (error as? XMLWorkersError) != .busy
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count == 3 && outcomes.contains(false))
        workers.stop()
    }

    @Test func `take nothing after they were stopped`() async {
        let workers = XMLWorkers(threads: 1)
        workers.stop()
        await #expect(throws: XMLWorkersError.stopped) { try await workers.run { 1 } }
        await #expect(throws: XMLWorkersError.stopped) { try await XMLWorkers(threads: 0).run { 1 } }
    }
}
