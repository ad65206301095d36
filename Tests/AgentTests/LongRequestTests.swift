import StrictJSON
import Testing
import Wire

@testable import Agent

@Suite struct `Requests in parts` {
    @Test func `are two at a time, and a third is told so`() async throws {
        let requests = LongRequests()
        for _ in 0..<2 {
            let inner = try await requests.one {
                try await requests.one { () -> LocalErrorName? in
                    do {
                        try await requests.one {}
                        return nil
                    } catch let failure as LocalFailure { return failure.name }
                }
            }
            #expect(inner == .busy)
        }
        struct Failed: Error {}
        for _ in 0..<3 { await #expect(throws: Failed.self) { try await requests.one { throw Failed() } } }
        #expect(try await requests.one { 7 } == 7)
    }
}
