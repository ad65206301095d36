internal import Cryptography
internal import Identity
internal import SAML
internal import Sessions
internal import Store

/// Answers that a provider has the browser post here: a request from another site, which carries no cookie of ours.
///
/// So the answer is verified and kept, and the browser comes back for it by a request of our own site, with its cookie and
/// a handle that is used once. Source: Docs/decisions/0007-posted-answers-wait-for-their-browser.md.
extension BrowserFlow {
    struct Posted: Sendable {
        var authorization: DeviceAuthorization
        var redirect: ProviderRedirect
        /// The browser that was sent.
        var cookieHash: [UInt8]
    }

    /// Uses up a RelayState, whoever posts it. Nil when no sign-in under way has it.
    func takePosted(state: String, now: Int) async throws -> Result<Posted, SignInRefusal>? {
        let hash = Digest.sha256(state)
        return try await services.store.write { transaction in
            guard var authorization = try transaction.deviceAuthorization(stateHash: hash) else { return nil }
            let taken: (ProviderRedirect, cookieHash: [UInt8])
            do throws(SignInRefusal) { taken = try authorization.takePostedRedirect(now: now) } catch {
                return .failure(error)
            }
            try transaction.save(authorization)
            return .success(Posted(authorization: authorization, redirect: taken.0, cookieHash: taken.cookieHash))
        }
    }

    enum Keeping: Sendable {
        case kept
        case refused(SignInRefusal)
        /// The assertion was used before.
        case replayed
    }

    /// Keeps a verified sign-in until its browser comes for it; in the same transaction its assertion is used up.
    func keep(
        _ signIn: SignIn, for posted: Posted, replayKey: ReplayKey, handle: String, now: Int
    ) async throws -> Keeping {
        let (id, cookieHash) = (posted.authorization.id, posted.cookieHash)
        let handleHash = Digest.sha256(handle)
        let message = Self.messageHash(replayKey.assertionID, issuer: replayKey.issuer)
        return try await services.store.write { transaction in
            guard var authorization = try transaction.deviceAuthorization(id) else { return .refused(.outOfOrder) }
            do throws(SignInRefusal) {
                try authorization.answer(signIn, handleHash: handleHash, cookieHash: cookieHash, now: now)
            } catch { return .refused(error) }
            guard try transaction.rememberMessage(message, of: signIn.provider, expiresAt: replayKey.until) else {
                return .replayed
            }
            try transaction.save(authorization)
            return .kept
        }
    }

    enum Handover: Sendable {
        case done
        case refused(SignInRefusal)
        /// Nothing waits under that handle.
        case unknown
    }

    /// The browser comes for its answer; one without our cookie is another one than was sent.
    func takeAnswer(handle: String, cookieHash: [UInt8]?, now: Int) async throws -> Handover {
        let hash = Digest.sha256(handle)
        let result = try await services.store.write { transaction -> (DeviceAuthorization, SignInRefusal?)? in
            guard var authorization = try transaction.deviceAuthorization(stateHash: hash) else { return nil }
            var refusal: SignInRefusal?
            do throws(SignInRefusal) { try authorization.takeAnswer(cookieHash: cookieHash ?? [], now: now) } catch {
                refusal = error
            }
            // Another browser has denied the sign-in: that is kept.
            if refusal == nil || refusal == .anotherBrowser { try transaction.save(authorization) }
            return (authorization, refusal)
        }
        guard let (authorization, refusal) = result else { return .unknown }
        open.note(authorization)
        return refusal.map(Handover.refused) ?? .done
    }

    /// What is remembered of a message; its issuer's name cannot run into its ID.
    static func messageHash(_ id: String, issuer: String) -> [UInt8] {
        Digest.sha256(Digest.sha256(issuer) + Digest.sha256(id))
    }
}
