package import AccessPolicy
package import CivilTime
package import Cryptography
package import Identity
package import NetworkAddresses
internal import SignedDocuments
internal import StrictJSON

/// The rules that concern one node, and which addresses are the mesh's, signed by the control key. `ztna-policy+jwt`, valid
/// until replaced.
///
/// Claims: `iss`, `sub` (node id), `iat`, `revision`, `rules`, `networks` (overlay prefixes, at most 4), `egress`?, `zones`? (at most
/// 64, by name: `offsets`, a list of [from, seconds east of Greenwich], and `end`). An older one than the agent holds is refused
/// by `iat`. Source: DESIGN §4, §8.
package struct PolicySlice: Hashable, Sendable {
    package static var maximumZones: Int { 64 }

    package var issuer: String
    package var node: NodeID
    package var issuedAt: Int
    package var revision: String
    /// Those whose destination the node is: they decide what comes in.
    package var rules: [Rule]
    /// Those whose source the node is, so that it can tell why its own attempts were refused; the destination decides.
    package var egress: [Rule]
    /// The zones that the hours of these rules are told in: agents need no zone database.
    package var zones: [String: ZoneTable]
    /// The prefixes that overlay addresses are taken from.
    package var networks: [IPPrefix]

    package init(
        issuer: String, node: NodeID, issuedAt: Int, revision: String, rules: [Rule], egress: [Rule] = [],
        zones: [String: ZoneTable] = [:], networks: [IPPrefix] = []
    ) {
        self.issuer = issuer
        self.node = node
        self.issuedAt = issuedAt
        self.revision = revision
        self.rules = rules
        self.egress = egress
        self.zones = zones
        self.networks = networks
    }

    package func signed(by control: any Signer) throws -> String {
        var claims: [String: JSON] = [
            "iss": .string(issuer), "sub": .string(node.text), "iat": .integer(issuedAt),
            "revision": .string(revision), "rules": .array(rules.map(\.json)),
            "networks": .array(networks.map { .string($0.description) }),
        ]
        if !egress.isEmpty { claims["egress"] = .array(egress.map(\.json)) }
        if !zones.isEmpty { claims["zones"] = .object(zones.mapValues(\.json)) }
        return try SignedDocument.sign(
            .object(claims), type: .policySlice, by: control, header: ["kid": .string(control.publicKey.thumbprint)])
    }

    /// Errors: `document`, `malformed`, `mismatch` when it is from another server or for another node.
    package init(
        verifying text: String, keys: [String: Ed25519PublicKey], server: String, node: NodeID, now: Int
    ) throws(WireError) {
        do {
            let claims = try SignedDocument.verify(text, type: .policySlice, keys: keys)
            guard try claims.string("iss") == server else { throw WireError.mismatch("iss") }
            guard try claims.string("sub") == node.text else { throw WireError.mismatch("sub") }
            issuer = server
            self.node = node
            issuedAt = try claims.integer("iat")
            guard issuedAt <= now + Validity.skew else { throw WireError.document(.notYetValid) }
            revision = try claims.string("revision")
            rules = try claims.array("rules").map { try Rule(json: $0) }
            do { egress = claims.has("egress") ? try claims.array("egress").map { try Rule(json: $0) } : [] } catch {
                throw WireError.malformed("egress")
            }
            zones = try Self.zones(claims)
            let texts = try claims.strings("networks")
            guard texts.count <= 4 else { throw WireError.malformed("networks") }
            networks = try texts.map { text in
                guard let prefix = IPPrefix(text) else { throw WireError.malformed("networks") }
                return prefix
            }
        } catch let error as DocumentError { throw .document(error) } catch let error as WireError {
            throw error
        } catch { throw .malformed("rules") }
    }

    private static func zones(_ claims: JSONMembers) throws(WireError) -> [String: ZoneTable] {
        guard let value = claims.members["zones"] else { return [:] }
        guard let members = value.objectValue, members.count <= maximumZones else { throw .malformed("zones") }
        var zones: [String: ZoneTable] = [:]
        for (name, json) in members {
            guard (1...64).contains(name.utf8.count), let table = ZoneTable(json: json) else {
                throw .malformed("zones")
            }
            zones[name] = table
        }
        return zones
    }
}

extension ZoneTable {
    fileprivate var json: JSON {
        [
            "offsets": .array(entries.map { .array([.integer($0.at), .integer($0.offset)]) }), "end": .integer(end),
        ]
    }

    fileprivate init?(json: JSON) {
        guard let end = json.objectValue?["end"]?.integerValue, let list = json.objectValue?["offsets"]?.arrayValue,
            list.count <= Self.maximumEntries
        else { return nil }
        var entries: [Entry] = []
        for element in list {
            guard let pair = element.arrayValue, pair.count == 2, let moment = pair.first?.integerValue,
                let offset = pair.last?.integerValue
            else { return nil }
            entries.append(Entry(at: moment, offset: offset))
        }
        self.init(entries: entries, end: end)
    }
}
