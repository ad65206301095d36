import Coordinator
import Cryptography
import Gateway
import Identity
import Wire

/// The gateway's view of the coordinator: services never import each other, so the program connects them.
extension NodeService {
    init(_ coordinator: Coordinator) {
        self.init(
            register: { session, person, device, registration throws(Refusal) in
                do throws(CoordinatorError) {
                    return try await coordinator.register(
                        session: session, person: person, device: device, registration: registration)
                } catch { throw Refusal(error) }
            },
            netmap: { session, _, resumption, address throws(Refusal) in
                do throws(CoordinatorError) {
                    return try await coordinator.netmap(
                        session: session,
                        resume: resumption.map { NetmapPosition(epoch: $0.epoch, sequence: $0.sequence) },
                        from: address)
                } catch { throw Refusal(error) }
            },
            contact: { session, address in await coordinator.contact(session: session, from: address) },
            label: { await coordinator.label(ofNode: $0) })
    }
}

extension NodeService.Refusal {
    init(_ error: CoordinatorError) {
        switch error {
        case .sessionEnded, .unknownSession, .personInactive, .deviceMismatch, .personMismatch:
            self.init(name: .invalidToken, status: 401, explanation: error.explanation)
        case .registrationRefused, .staleRegistration, .wireGuardKeyInUse, .hostNameRefused, .hostNameTaken,
            .notRegistered,
            .unknownNode, .unknownHost, .tagNotOwned, .nodeOfOthers:
            self.init(name: .invalidRequest, status: 400, explanation: error.explanation)
        case .addressesExhausted, .notStarted:
            self.init(name: .temporarilyUnavailable, status: 503, explanation: error.explanation)
        case .prefix, .signing, .randomness, .store:
            self.init(name: .serverError, status: 500, explanation: "the server failed: tell its operator")
        }
    }
}
