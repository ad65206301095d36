internal import AccessPolicy
package import Identity
package import NetworkAddresses
package import StrictJSON

/// One connection attempt, or the same one several times, as the agent that decided it reports it. Never payload.
///
/// Members: `time` and `last` (seconds since the epoch, by the agent's clock), `count` (attempts it stands for), `verdict`
/// (`allow`, `deny`), `direction` (`in`: decided by the destination; `out`: by the source), `source` and `destination`
/// (`address`, and of a node that was known: `node`, `host`, `person`, `label`), `protocol` (IANA's number), `port`?,
/// `ports`? (of a scan: "1-79,81-65535", at most 64 ranges, the last of which may reach past gaps), `rule`? (that allowed
/// it, or whose condition failed), `reason` (words), `revision`? (of the policy that decided).
package struct ConnectionRecord: Hashable, Sendable {
    /// In bytes of UTF-8.
    static var longestLabel: Int { 512 }
    static var longestReason: Int { 2048 }

    package enum Verdict: String, Hashable, Sendable { case allow, deny }
    package enum Direction: String, Hashable, Sendable {
        case inbound = "in"
        case outbound = "out"
    }

    /// One side of a flow; the rest is nil where no authorized node held the address.
    package struct End: Hashable, Sendable {
        package var address: IPAddress
        package var node: NodeID?
        package var host: String?
        package var person: PersonID?
        /// How messages name the person.
        package var label: String?

        package init(address: IPAddress, _ principal: Principal? = nil) {
            self.address = address
            node = principal?.node
            host = principal?.host.text
            person = principal?.person
            label = principal.map { ConnectionRecord.fitting($0.label, most: ConnectionRecord.longestLabel) }
        }
    }

    /// Seconds since the epoch: the first and the last attempt it stands for.
    package var time: Int
    package var last: Int
    package var count: Int
    package var verdict: Verdict
    package var direction: Direction
    package var source: End
    package var destination: End
    package var protocolNumber: UInt8
    package var port: UInt16?
    package var ports: String?
    package var rule: String?
    package var reason: String
    package var revision: String?

    package init(
        time: Int, last: Int, count: Int, verdict: Verdict, direction: Direction, source: End, destination: End,
        protocolNumber: UInt8, port: UInt16?, ports: String? = nil, rule: String?, reason: String, revision: String?
    ) {
        self.time = time
        self.last = last
        self.count = count
        self.verdict = verdict
        self.direction = direction
        self.source = source
        self.destination = destination
        self.protocolNumber = protocolNumber
        self.port = port
        self.ports = ports
        self.rule = rule
        self.reason = Self.fitting(reason, most: Self.longestReason)
        self.revision = revision
    }

    /// "tcp/22", "icmp", "ip/47".
    package var service: String {
        guard let transport = TransportProtocol(number: protocolNumber) else { return "ip/\(protocolNumber)" }
        return port.map { "\(transport.rawValue)/\($0)" } ?? transport.rawValue
    }
}

extension ConnectionRecord {
    package var json: JSON {
        var members: [String: JSON] = [
            "time": .integer(time), "last": .integer(last), "count": .integer(count),
            "verdict": .string(verdict.rawValue), "direction": .string(direction.rawValue), "source": source.json,
            "destination": destination.json, "protocol": .integer(Int(protocolNumber)), "reason": .string(reason),
        ]
        if let port { members["port"] = .integer(Int(port)) }
        if let ports { members["ports"] = .string(ports) }
        if let rule { members["rule"] = .string(rule) }
        if let revision { members["revision"] = .string(revision) }
        return .object(members)
    }

    /// Errors: `malformed` naming the member. Unknown members are refused, and so is text longer than any agent writes.
    package init(json: JSON) throws(WireError) {
        let known: Set = [
            "time", "last", "count", "verdict", "direction", "source", "destination", "protocol", "port", "ports",
            "rule", "reason", "revision",
        ]
        do {
            let members = try JSONMembers(json)
            if let unknown = members.members.keys.filter({ !known.contains($0) }).min() {
                throw WireError.malformed(unknown)
            }
            time = try Self.number("time", of: members, in: 0...(1 << 40))
            last = try Self.number("last", of: members, in: time...(1 << 40))
            count = try Self.number("count", of: members, in: 1...(1 << 40))
            verdict = try Self.word("verdict", of: members)
            direction = try Self.word("direction", of: members)
            source = try End(members.object("source"), "source")
            destination = try End(members.object("destination"), "destination")
            protocolNumber = UInt8(clamping: try Self.number("protocol", of: members, in: 0...255))
            port =
                try members.has("port")
                ? UInt16(clamping: Self.number("port", of: members, in: 0...65_535)) : nil
            ports = try Self.text("ports", of: members, most: 1024)
            rule = try Self.text("rule", of: members, most: 64)
            guard let reason = try Self.text("reason", of: members, most: Self.longestReason) else {
                throw WireError.malformed("reason")
            }
            self.reason = reason
            revision = try Self.text("revision", of: members, most: 128)
        } catch let error as WireError { throw error } catch JSONError.member(let name) {
            throw .malformed(name)
        } catch { throw .malformed("record") }
    }

    private static func number(
        _ name: String, of members: JSONMembers, in range: ClosedRange<Int>
    ) throws -> Int {
        let value = try members.integer(name)
        guard range.contains(value) else { throw WireError.malformed(name) }
        return value
    }

    private static func word<Word: RawRepresentable<String>>(_ name: String, of members: JSONMembers) throws -> Word {
        guard let word = Word(rawValue: try members.string(name)) else { throw WireError.malformed(name) }
        return word
    }

    /// Names of groups and people are long at times: one record that the server does not take would cost its whole batch.
    fileprivate static func fitting(_ text: String, most bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var kept = String.UnicodeScalarView()
        var room = bytes - 3
        for scalar in text.unicodeScalars {
            room -= scalar.utf8.count
            guard room >= 0 else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }

    fileprivate static func text(_ name: String, of members: JSONMembers, most bytes: Int) throws -> String? {
        guard let text = try members.optionalString(name) else { return nil }
        guard text.utf8.count <= bytes else { throw WireError.malformed(name) }
        return text
    }
}

extension ConnectionRecord.End {
    fileprivate var json: JSON {
        var members: [String: JSON] = ["address": .string(address.description)]
        if let node { members["node"] = .string(node.text) }
        if let host { members["host"] = .string(host) }
        if let person { members["person"] = .string(person.text) }
        if let label { members["label"] = .string(label) }
        return .object(members)
    }

    fileprivate init(_ members: JSONMembers, _ name: String) throws {
        let known: Set = ["address", "node", "host", "person", "label"]
        guard members.members.keys.allSatisfy(known.contains), let address = IPAddress(try members.string("address"))
        else { throw WireError.malformed(name) }
        self.address = address
        node = try members.optionalString("node").map { text in
            guard let node = NodeID(text) else { throw WireError.malformed(name) }
            return node
        }
        person = try members.optionalString("person").map { text in
            guard let person = PersonID(text) else { throw WireError.malformed(name) }
            return person
        }
        host = try ConnectionRecord.text("host", of: members, most: 64)
        label = try ConnectionRecord.text("label", of: members, most: ConnectionRecord.longestLabel)
    }
}
