internal import Identity
internal import Store

/// Every node of the store, signed out or not, and the unique things each has.
struct NodeDirectory: Sendable {
    private struct Entry: Sendable {
        let facts: NodeFacts
        /// The change up to which these facts are true.
        let asOf: Int
    }

    private var entries: [NodeID: Entry] = [:]
    private var byDevice: [DeviceID: NodeID] = [:]
    private var bySession: [SessionID: NodeID] = [:]
    /// Deleted: facts read before that must not bring them back. Ids are never used again.
    private var deleted: Set<NodeID> = []
    /// Claimed by registrations under way, too.
    private var keyOwners: [[UInt8]: DeviceID] = [:]
    var names = HostNames()

    /// In no order.
    var nodes: [NodeFacts] { entries.values.map(\.facts) }

    func node(_ id: NodeID) -> NodeFacts? { entries[id]?.facts }
    func node(device: DeviceID) -> NodeFacts? { byDevice[device].flatMap { node($0) } }
    func node(session: SessionID) -> NodeFacts? { bySession[session].flatMap { node($0) } }

    /// False when newer facts are here already.
    mutating func set(_ facts: NodeFacts, asOf: Int) -> Bool {
        let id = facts.record.id
        guard !deleted.contains(id), entries[id].map({ $0.asOf <= asOf }) ?? true else { return false }
        forget(id, except: facts.record)
        entries[id] = Entry(facts: facts, asOf: asOf)
        let record = facts.record
        byDevice[record.device] = id
        if let session = record.session { bySession[session] = id }
        keyOwners[record.wireGuardKey] = record.device
        names.claim(record.host, for: record.device)
        return true
    }

    mutating func remove(_ id: NodeID) {
        forget(id, except: nil)
        entries[id] = nil
        deleted.insert(id)
    }

    /// False when another device has this WireGuard key or is about to get it.
    mutating func claim(key: [UInt8], for device: DeviceID) -> Bool {
        if let owner = keyOwners[key], owner != device { return false }
        keyOwners[key] = device
        return true
    }

    /// A registration came to nothing: gives back what its device does not have after all.
    mutating func release(key: [UInt8], name: HostName?, of device: DeviceID) {
        let record = node(device: device)?.record
        if record?.wireGuardKey != key, keyOwners[key] == device { keyOwners[key] = nil }
        if let name, record?.host != name { names.release(name, of: device) }
    }

    private mutating func forget(_ id: NodeID, except new: NodeRecord?) {
        guard let record = entries[id]?.facts.record else { return }
        if record.device != new?.device { byDevice[record.device] = nil }
        if let session = record.session, session != new?.session { bySession[session] = nil }
        if record.wireGuardKey != new?.wireGuardKey, keyOwners[record.wireGuardKey] == record.device {
            keyOwners[record.wireGuardKey] = nil
        }
        if record.host != new?.host { names.release(record.host, of: record.device) }
    }
}
