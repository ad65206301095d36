internal import Identity
internal import Sessions
internal import Synchronization

/// The sign-ins that devices are polling for, in memory: a poll costs no database access until there is news.
///
/// The store is the truth; this is rebuilt from it at start and told of each change after its commit.
final class OpenSignIns: Sendable {
    enum Poll: Hashable {
        case unknown, foreignKey, expired, pending
        /// `isFirst`: the code has not been polled too fast before.
        case slowDown(isFirst: Bool)
        /// Something happened: ask the store.
        case decided
    }

    private struct Entry {
        let device: DeviceID
        let network: String
        let expiresAt: Int
        var pacing = PollPacing()
        var isDecided: Bool
        var wasSlowedDown = false
    }

    /// Codes that were redeemed a moment ago: their devices may not have heard. At most
    /// `GatewayLimits.redeemedCodes`: then the oldest is forgotten for each new one, and its device, if it has not heard, is
    /// told that the code is not known, and starts again.
    private struct Redeemed {
        var devices: [[UInt8]: (device: DeviceID, until: Int)] = [:]
        /// In the order in which they end.
        var line: [[UInt8]] = []
        var next = 0

        mutating func add(_ hash: [UInt8], _ device: DeviceID, until: Int, now: Int) {
            while next < line.count, let first = devices[line[next]],
                first.until <= now || devices.count >= GatewayLimits.redeemedCodes
            {
                devices[line[next]] = nil
                next += 1
            }
            if next > line.count / 2 {
                line.removeFirst(next)
                next = 0
            }
            if devices.updateValue((device, until), forKey: hash) == nil { line.append(hash) }
        }
    }

    private let entries = Mutex<[[UInt8]: Entry]>([:])
    private let redeemed = Mutex(Redeemed())

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

    /// The code is used up; whoever asks once more with the same key within `seconds` is let through to the store.
    func noteRedeemed(_ deviceCodeHash: [UInt8], by device: DeviceID, seconds: Int, now: Int) {
        redeemed.withLock { $0.add(deviceCodeHash, device, until: now + seconds, now: now) }
        forget(deviceCodeHash)
    }

    /// Whether the code is one of this device's that is open, or was redeemed a moment ago.
    func isOpen(_ deviceCodeHash: [UInt8], for device: DeviceID, now: Int) -> Bool {
        switch entries.withLock({ $0[deviceCodeHash]?.device }) {
        case let owner?: owner == device
        case nil: wasRedeemed(deviceCodeHash, by: device, now: now)
        }
    }

    private func wasRedeemed(_ deviceCodeHash: [UInt8], by device: DeviceID, now: Int) -> Bool {
        redeemed.withLock { redeemed in
            guard let entry = redeemed.devices[deviceCodeHash] else { return false }
            return entry.device == device && now < entry.until
        }
    }

    func poll(_ deviceCodeHash: [UInt8], by device: DeviceID, now: Int) -> Poll {
        entries.withLock { entries in
            guard var entry = entries[deviceCodeHash] else {
                return wasRedeemed(deviceCodeHash, by: device, now: now) ? .decided : .unknown
            }
            guard entry.device == device else { return .foreignKey }
            guard now < entry.expiresAt else {
                entries[deviceCodeHash] = nil
                return .expired
            }
            let (inTime, wasSlowedDown) = (entry.pacing.isInTime(now: now), entry.wasSlowedDown)
            if !inTime { entry.wasSlowedDown = true }
            entries[deviceCodeHash] = entry
            guard inTime else { return .slowDown(isFirst: !wasSlowedDown) }
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
