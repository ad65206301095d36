package import Identity
package import StrictJSON

/// One line of the netmap stream: newline-delimited JSON over one long-lived response of `GET /v1/netmap`.
///
/// Documents stay in their signed, compact form here; `sequence` grows by one with every change of this node's netmap, and
/// `epoch` names the coordinator's run that counts. A client that returns with `?epoch=E&after=N` gets what it missed, or a
/// snapshot. Source: DESIGN §4.
package enum NetmapMessage: Hashable, Sendable {
    package static let maximumBytes = 64 << 20
    package static let heartbeatSeconds = 20

    case snapshot(epoch: String, sequence: Int, own: String, peers: [NodeID: String], policy: String)
    /// Only what changed; `changed` holds new and renewed peers.
    case delta(sequence: Int, own: String?, changed: [NodeID: String], removed: [NodeID], policy: String?)
    case heartbeat(sequence: Int, time: Int)
    /// The session is over; nothing more will come. `reason` is a `Session.End` or `signed-out`.
    case ended(reason: String)

    package var json: JSON {
        switch self {
        case .snapshot(let epoch, let sequence, let own, let peers, let policy):
            return [
                "type": "snapshot", "epoch": .string(epoch), "seq": .integer(sequence), "self": .string(own),
                "peers": Self.documents(peers), "policy": .string(policy),
            ]
        case .delta(let sequence, let own, let changed, let removed, let policy):
            var members: [String: JSON] = [
                "type": "delta", "seq": .integer(sequence), "changed": Self.documents(changed),
                "removed": .array(removed.map { .string($0.text) }),
            ]
            if let own { members["self"] = .string(own) }
            if let policy { members["policy"] = .string(policy) }
            return .object(members)
        case .heartbeat(let sequence, let time):
            return ["type": "heartbeat", "seq": .integer(sequence), "time": .integer(time)]
        case .ended(let reason): return ["type": "ended", "reason": .string(reason)]
        }
    }

    package init(parsing line: [UInt8]) throws(WireError) {
        do {
            let members = try JSONMembers(parsing: line, maximumBytes: Self.maximumBytes)
            switch try members.string("type") {
            case "snapshot":
                self = .snapshot(
                    epoch: try members.string("epoch"), sequence: try members.integer("seq"),
                    own: try members.string("self"), peers: try Self.documents(members.object("peers")),
                    policy: try members.string("policy"))
            case "delta":
                self = .delta(
                    sequence: try members.integer("seq"), own: try members.optionalString("self"),
                    changed: try Self.documents(members.object("changed")),
                    removed: try members.strings("removed").map(Self.nodeID),
                    policy: try members.optionalString("policy"))
            case "heartbeat":
                self = .heartbeat(sequence: try members.integer("seq"), time: try members.integer("time"))
            case "ended": self = .ended(reason: try members.string("reason"))
            default: throw WireError.malformed("type")
            }
        } catch let error as WireError { throw error } catch { throw .malformed("netmap message") }
    }

    private static func documents(_ peers: [NodeID: String]) -> JSON {
        .object(Dictionary(peers.map { ($0.key.text, .string($0.value)) }, uniquingKeysWith: { first, _ in first }))
    }

    private static func documents(_ members: JSONMembers) throws -> [NodeID: String] {
        var result: [NodeID: String] = [:]
        for (name, value) in members.members {
            guard let text = value.stringValue else { throw WireError.malformed("peers") }
            result[try nodeID(name)] = text
        }
        return result
    }

    private static func nodeID(_ text: String) throws -> NodeID {
        guard let id = NodeID(text) else { throw WireError.malformed("node id") }
        return id
    }
}
