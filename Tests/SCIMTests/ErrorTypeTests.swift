import SCIM
import Testing

@Suite struct `SCIM error types` {
    @Test func `are named as in the RFC`() { #expect(SCIMErrorType.noTarget.rawValue == "noTarget") }
}
