package import Store

/// Why a device's report of attempts was not taken.
package enum IntakeRefusal: Error, Hashable, Sendable {
    /// Not a batch; the member that is wrong. Sending it again will not help.
    case malformed(String)
    /// This device reports more than any device has to report.
    case tooMany(retryAfter: Int)
    case store(StoreError)
}

/// Why a question about the evidence has no answer, in words for whoever asked.
package struct AuditQuestionFailure: Error, Hashable, Sendable {
    package let explanation: String

    package init(_ explanation: String) { self.explanation = explanation }
}

/// Why a batch did not reach an export's target; it is tried again.
package struct DeliveryFailure: Error, Hashable, Sendable {
    package let explanation: String
    /// Seconds that the other side asked us to wait.
    package var retryAfter: Int?

    package init(_ explanation: String, retryAfter: Int? = nil) {
        self.explanation = explanation
        self.retryAfter = retryAfter
    }
}
