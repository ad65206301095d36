package import Identity
package import Store
package import Wire

/// Why the coordinator refused. Nothing is half done when one is thrown.
package enum CoordinatorError: Error, Hashable, Sendable {
    /// The session is unknown, ended or over.
    case sessionEnded
    /// The session belongs to another device key than the caller's.
    case deviceMismatch
    /// The session belongs to another person than the caller named.
    case personMismatch
    case personInactive
    case registrationRefused(WireError)
    /// An older registration of this device than the one held: somebody replays it, or the device's clock went back.
    case staleRegistration
    /// Another node has this WireGuard key: a cloned device, or a copied state directory.
    case wireGuardKeyInUse
    case addressesExhausted
    case hostNameRefused
    /// Another node is called so.
    case hostNameTaken(HostName)
    /// The session has no node yet: register first.
    case notRegistered
    case unknownSession
    case unknownNode
    /// A tag that is not among those that its giver owns.
    case tagNotOwned
    /// Whoever owns tags only gives them to no device of others that has none of them.
    case nodeOfOthers
    /// No device has this name or overlay address.
    case unknownHost
    /// An overlay prefix of the configuration that no address can be taken from; says which and why.
    case prefix(String)
    /// `start()` has not been called, or failed.
    case notStarted
    /// The control key did not sign; what the signer says.
    case signing(String)
    /// The random source gave no usable identifier.
    case randomness
    case store(StoreError)

    package var explanation: String {
        switch self {
        case .sessionEnded: "the session is over: sign in again with `ztna login`"
        case .deviceMismatch: "the session belongs to another device key: sign in on this device"
        case .personMismatch: "the session belongs to another person"
        case .personInactive:
            "the person is not active: an administrator of the identity provider must enable the account"
        case .registrationRefused(let error): "the node registration was refused: \(error.explanation)"
        case .staleRegistration:
            "an older registration than the one held was refused: is the device's clock right, or is its state a copy?"
        case .wireGuardKeyInUse:
            "another node has this WireGuard key: if the device was cloned, delete the copy's key and state and sign in again"
        case .addressesExhausted:
            "no overlay address is free: delete unused nodes (their addresses return after a year) or configure a larger prefix"
        case .hostNameRefused: "the device's host name holds control characters: rename the device"
        case .hostNameTaken(let name): "another node is called \(name): rename or delete that one first"
        case .notRegistered: "the session has no node yet: register first"
        case .unknownSession: "no session has this id"
        case .unknownNode: "no node has this id"
        case .tagNotOwned: "only owners of a tag and administrators give it"
        case .nodeOfOthers:
            "the device is neither yours nor has it a tag that you own: an administrator must give it its first one"
        case .unknownHost: "no device is called so: `ztna peers` lists those that you may know"
        case .prefix(let text): text
        case .notStarted: "the coordinator has not started"
        case .signing(let text): "the control key did not sign: \(text)"
        case .randomness: "the random source gave no usable identifier"
        case .store(let error): error.explanation
        }
    }
}
