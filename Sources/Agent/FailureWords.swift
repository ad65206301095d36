internal import Cryptography
internal import Glibc
internal import HTTPClient
internal import SignedDocuments
package import Wire

extension StateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        case .wrongKind(let path):
            "\(path) is a link, or no plain file or directory: remove it, or choose another --state"
        case .tooOpen(let path):
            "\(path) is open to others, or belongs to another user; secrets in it may be known: look who had access, "
                + "then chmod go-rwx and chown it to the agent's user"
        case .tooLarge(let path): "\(path) is larger than anything the agent writes there"
        case .corrupted(let path, let member):
            "\(path) does not hold what the agent wrote (\(member)): remove the state directory and sign in again"
        case .inUse(let path): "another ztna-agent uses \(path): stop it, or choose another --state"
        case .copied(let path):
            "\(path) was made on another machine; two machines may not be one device: remove it here and sign in again"
        case .cryptography(let error): "cryptography: \(error)"
        }
    }
}

extension ControlError {
    /// The name and words for whoever waits at the local socket.
    package var local: (name: LocalErrorName, message: String, remedy: String) {
        switch self {
        case .transport(let error):
            (.unreachable, "The server cannot be reached: \(error.explanation).", "Check the address and the network.")
        case .refused(_, "access_denied", let words, _):
            words.isEmpty
                ? (.accessDenied, "The sign-in was denied.", "Ask your administrator, or try again.")
                // The server's words say who refused and what to do.
                : (.accessDenied, Self.sentence(words), "")
        case .refused(_, "expired_token", _, _):
            (.expired, "The code was not confirmed in time.", "Run `ztna login` again.")
        case .refused(_, "second_factor_not_configured", let words, _):
            (.secondFactorNotConfigured, "\(words).", "Tell your administrator.")
        case .refused(_, "insufficient_user_authentication", let words, _):
            (.stepUpNeeded, "\(words).", "Run `ztna login --step-up`, then try again.")
        case .refused(_, "not_an_administrator", let words, _):
            (.notAdministrator, "\(words).", "Ask an administrator.")
        case .refused(_, "command_refused", let words, _): (.commandRefused, words, "")
        case .refused(404, _, _, _):
            (.serverError, "The server does not answer this.", "Compare the versions of server and agent.")
        case .refused(_, "invalid_dpop_proof", let words, _):
            (.proofRefused, "The server refused this device's proof: \(words)", "Set the clock right, then try again.")
        case .refused(let status, let name, let words, let retryAfter):
            (
                .serverError, "The server answered \(status) \(name): \(words)",
                retryAfter.map { "Try again in \($0) s." } ?? "Try again; if it stays, look at the server's log."
            )
        case .malformed(let what):
            (.untrustedAnswer, "The server's answer has no usable \(what).", "Check that this is a ztna-server.")
        case .older(let what):
            (
                .untrustedAnswer, "Refused: the server's \(what) is older than one that this device has accepted.",
                "Check the server's clock. If it ran ahead earlier, and this device's with it, remove "
                    + "\(AcceptedTimesFile.fileName) in the agent's state directory, then start the agent again."
            )
        case .document(.document(.unknownKey)):
            (
                .unknownControlKey, "A document is signed with a key that this device does not know.",
                Self.keyRemedy
            )
        case .document(let error):
            (
                .untrustedAnswer, "Refused: \(error.explanation).",
                "Check both clocks; if it stays, tell your administrator."
            )
        case .notForUs(let what):
            (
                .untrustedAnswer, "The server's authorization is not for this device: \(what) differs.",
                "Tell your administrator."
            )
        case .unknownControlKey(let server):
            (
                .unknownControlKey, "\(server) no longer has the key that this device met at its first sign-in.",
                Self.keyRemedy
            )
        case .sessionOver(let reason):
            (.signedOut, "The session is over (\(reason)).", "Run `ztna login`.")
        case .signedOut: (.signedOut, "This device is not signed in.", "Run `ztna login`.")
        }
    }

    /// A refusal that has a name begins with it, as it is.
    private static func sentence(_ words: String) -> String {
        let hasName = words.prefix { $0 != " " }.hasSuffix(":")
        return (hasName ? words : words.prefix(1).uppercased() + words.dropFirst()) + "."
    }

    private static let keyRemedy =
        "If the server was set up anew, remove control-keys.json from the agent's state directory; if not, somebody may be in between."
}
