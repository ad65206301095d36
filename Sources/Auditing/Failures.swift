package import Store

/// Why a device's report of attempts was not taken.
package enum IntakeRefusal: Error, Hashable, Sendable {
    /// Not a batch; the member that is wrong. Sending it again will not help.
    case malformed(String)
    /// More is reported than the log has room for. The device keeps it, and tries again after so many seconds.
    case tooMany(from: IntakeBound, retryAfter: Int)
    case store(StoreError)
}

/// Whose reports are counted together.
package enum IntakeBound: Hashable, Sendable, CaseIterable {
    case device, person, everyone

    /// As the audit record says it.
    package var name: String {
        switch self {
        case .device: "device-reports-too-much"
        case .person: "person-reports-too-much"
        case .everyone: "devices-report-too-much"
        }
    }

    /// As the device is told.
    package var explanation: String {
        switch self {
        case .device: "this device reports too much"
        case .person: "the devices of this person report too much"
        case .everyone: "all devices together report too much"
        }
    }
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
