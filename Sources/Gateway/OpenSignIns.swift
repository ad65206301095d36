internal import Identity
internal import Sessions
internal import Synchronization

/// The sign-ins that devices are polling for, in memory: a poll costs no database access until there is news.
///
/// The store is the truth; this is rebuilt from it at start and told of each change after its commit.
final class OpenSignIns: Sendable {
    enum Poll: Hashable {
        case unknown, foreignKey, expired, slowDown, pending
        /// Something happened: ask the store.
        case decided
    }

    private struct Entry {
        let device: DeviceID
        let network: String
        let expiresAt: Int
        var pacing = PollPacing()
        var isDecided: Bool
    }

    private let entries = Mutex<[[UInt8]: Entry]>([:])

    init(_ open: [DeviceAuthorization]) {
        entries.withLock { entries in
            for authorization in open {
                entries[authorization.deviceCodeHash] = Entry(
                    device: authorization.device, network: ClientAddress.network(authorization.asking.address),
                    expiresAt: authorization.expiresAt, isDecided: !Self.isWaiting(authorization.state))
            }
        }
    }

    /// False when too many wait already, in all or of the asking network; expired ones are forgotten first.
    func reserve(_ authorization: DeviceAuthorization, now: Int) -> Bool {
        let network = ClientAddress.network(authorization.asking.address)
        return entries.withLock { entries in
            func isFull() -> Bool {
                entries.count >= GatewayLimits.openSignIns
                    || entries.values.count { $0.network == network } >= GatewayLimits.openSignInsOfOneNetwork
            }
            if isFull() { entries = entries.filter { $0.value.expiresAt > now } }
            guard !isFull() else { return false }
            entries[authorization.deviceCodeHash] = Entry(
                device: authorization.device, network: network, expiresAt: authorization.expiresAt, isDecided: false)
            return true
        }
    }

    func note(_ authorization: DeviceAuthorization) {
        entries.withLock { entries in
            switch authorization.state {
            case .redeemed, .denied, .failed:
                // The device is told once more from the store, then the code is unknown.
                entries[authorization.deviceCodeHash]?.isDecided = true
            case .approved: entries[authorization.deviceCodeHash]?.isDecided = true
            case .pending, .claimed, .redirected, .answered, .authenticated: break
            }
        }
    }

    func forget(_ deviceCodeHash: [UInt8]) { entries.withLock { $0[deviceCodeHash] = nil } }

    func poll(_ deviceCodeHash: [UInt8], by device: DeviceID, now: Int) -> Poll {
        entries.withLock { entries in
            guard var entry = entries[deviceCodeHash] else { return .unknown }
            guard entry.device == device else { return .foreignKey }
            guard now < entry.expiresAt else {
                entries[deviceCodeHash] = nil
                return .expired
            }
            let inTime = entry.pacing.isInTime(now: now)
            entries[deviceCodeHash] = entry
            guard inTime else { return .slowDown }
            return entry.isDecided ? .decided : .pending
        }
    }

    private static func isWaiting(_ state: DeviceAuthorization.State) -> Bool {
        switch state {
        case .pending, .claimed, .redirected, .answered, .authenticated: true
        case .approved, .redeemed, .denied, .failed: false
        }
    }
}
