package import Cryptography
package import HTTPClient
package import Wire

/// What is wrong with the agent's own files; nothing is repaired by guessing.
package enum StateError: Error, Hashable, Sendable {
    /// A system call on a path failed.
    case system(call: String, path: String, errno: Int32)
    /// The path is a link, or not what it should be.
    case wrongKind(path: String)
    /// Others may read or write it, or another user owns it.
    case tooOpen(path: String)
    case tooLarge(path: String)
    /// It does not hold what was written there; names the member at fault.
    case corrupted(path: String, member: String)
    /// Another agent holds the directory.
    case inUse(path: String)
    /// The directory was made on another machine.
    case copied(path: String)
    case cryptography(CryptographyError)
}

/// Why the server did not do what was asked.
package enum ControlError: Error, Hashable, Sendable {
    case transport(HTTPError)
    /// An error answer. `retryAfter` in seconds.
    case refused(status: Int, name: String, description: String, retryAfter: Int?)
    /// Not the answer that belongs here; names what is missing.
    case malformed(String)
    /// A signed document is older than one that this device has accepted before; names which.
    case older(String)
    /// A signed document did not verify.
    case document(WireError)
    /// A document that is ours by its signature, but not for this device and key; names what differs.
    case notForUs(String)
    /// None of the server's keys is one that this device pinned at its first sign-in.
    case unknownControlKey(server: String)
    /// The session is over; the reason in the server's word.
    case sessionOver(reason: String)
    case signedOut
}

/// Why a netmap message was not taken over.
package enum NetmapError: Error, Hashable, Sendable {
    /// A message is missing, or there is no snapshot to build on: connect anew and ask for one.
    case gap
    /// Our own authorization or policy did not verify.
    case document(WireError)
    /// Our own authorization is for another device key or WireGuard key; names what differs.
    case notForUs(String)
    /// The policy is older than the one in force, or than one that this device has accepted before.
    case olderPolicy
    /// Our own authorization is older than one that this device has accepted before.
    case olderAuthorization
}
