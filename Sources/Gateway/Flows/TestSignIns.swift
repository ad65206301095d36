internal import Cryptography
internal import Identity
internal import Synchronization

/// Sign-ins that an administrator tries out, in this process's memory: few, short-lived, each step once.
///
/// They are no device authorizations: nothing that happens here can become a session.
final class TestSignIns: Sendable {
    /// Seconds that a link, and then its report, is good for.
    static let lifetime = 600
    static let limit = 16

    /// One that is at its provider.
    struct Sent: Sendable {
        let cookieHash: [UInt8]
        let requestID: String
        let requestedAt: Int
    }

    private enum Stage {
        case begun
        case sent(Sent)
        case answered(cookieHash: [UInt8], TestReportPage)
    }

    private struct Entry {
        let provider: ProviderID
        let expiresAt: Int
        var stage: Stage
    }

    /// By the hash of what the next step must show: the link's token, the RelayState, the report's handle.
    private let entries = Mutex<[[UInt8]: Entry]>([:])

    /// False when too many are under way.
    func begin(_ provider: ProviderID, token: String, now: Int) -> Bool {
        entries.withLock { entries in
            entries = entries.filter { $0.value.expiresAt > now }
            guard entries.count < Self.limit else { return false }
            entries[Digest.sha256(token)] = Entry(provider: provider, expiresAt: now + Self.lifetime, stage: .begun)
            return true
        }
    }

    /// Whether the link is one of ours, still unused: nothing is done for anybody else's.
    func isBegun(_ provider: ProviderID, token: String, now: Int) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[Digest.sha256(token)], entry.provider == provider, entry.expiresAt > now,
                case .begun = entry.stage
            else { return false }
            return true
        }
    }

    /// The link is used up: the browser that opened it goes on, and no other.
    func send(_ provider: ProviderID, token: String, relayState: String, _ sent: Sent, now: Int) -> Bool {
        advance(provider, token, now: now) { stage -> (Stage, next: String, Bool)? in
            guard case .begun = stage else { return nil }
            return (.sent(sent), relayState, true)
        } ?? false
    }

    /// The RelayState is used up. Nil when it is none of a test at this provider. `handle` is for the report.
    func take(_ provider: ProviderID, relayState: String, handle: String, now: Int) -> Sent? {
        advance(provider, relayState, now: now) { stage -> (Stage, next: String, Sent)? in
            guard case .sent(let sent) = stage else { return nil }
            return (.sent(sent), handle, sent)
        }
    }

    func answer(_ provider: ProviderID, handle: String, report: TestReportPage, now: Int) {
        _ = advance(provider, handle, now: now) { stage -> (Stage, next: String, Bool)? in
            guard case .sent(let sent) = stage else { return nil }
            return (.answered(cookieHash: sent.cookieHash, report), handle, true)
        }
    }

    /// For the browser that was sent; it may read it again.
    func report(_ provider: ProviderID, handle: String, cookieHash: [UInt8], now: Int) -> TestReportPage? {
        entries.withLock { entries in
            guard let entry = entries[Digest.sha256(handle)], entry.provider == provider, entry.expiresAt > now,
                case .answered(let expected, let report) = entry.stage, constantTimeEqual(expected, cookieHash)
            else { return nil }
            return report
        }
    }

    /// Moves one entry on to another name, if `step` says how.
    private func advance<Value>(
        _ provider: ProviderID, _ name: String, now: Int, _ step: (Stage) -> (Stage, next: String, Value)?
    ) -> Value? {
        entries.withLock { entries in
            let hash = Digest.sha256(name)
            guard var entry = entries[hash], entry.provider == provider, entry.expiresAt > now,
                let (stage, next, value) = step(entry.stage)
            else { return nil }
            entries[hash] = nil
            entry.stage = stage
            entries[Digest.sha256(next)] = entry
            return value
        }
    }
}
