import Audit
import Cryptography
import Identity
import SignedDocuments

/// Events of all three streams, with every member in one of them.
enum Samples {
    static let signIn = AuditEvent(
        .signIn, "confirmed", .refused, at: 1_763_731_840, actor: .person(id: "p1", label: "Alice@Example.com"),
        provider: "corp", session: "s1", device: "d1", host: "alice-laptop", address: "192.0.2.7",
        reason: "person-inactive")

    static let administration = AuditEvent(
        .administration, "nodes-tag", .success, at: 1_763_731_841, actor: .administrator(uid: 0),
        subject: AuditSubject(.node, id: "n1", label: "db-1"), revision: "r7")

    static let connection: AuditEvent = {
        var event = AuditEvent(
            .connection, "attempt", .deny, at: 1_763_735_440, device: "d2", host: "db-1", rule: "dba-to-db",
            reason: "alice@example.com on alice-laptop has no MFA within the last hour", revision: "r7", count: 3)
        event.source = AuditEnd(
            person: "p1", label: "alice@example.com", node: "n2", host: "alice-laptop", address: "100.64.0.2")
        event.destination = AuditEnd(
            person: "p2", label: "bob@example.com", node: "n1", device: "d2", host: "db-1", address: "100.64.0.1")
        event.direction = .inbound
        event.protocolNumber = 6
        event.port = 5432
        event.ports = "5432-5433"
        event.last = 1_763_735_445
        event.receivedAt = 1_763_731_845
        event.clockOffset = 3600
        event.deviceTime = 1_763_735_440
        event.deviceLast = 1_763_735_445
        return event
    }()

    static let all = [
        signIn, administration, connection,
        AuditEvent(.administration, "removals-confirmed", .failure, at: 0, actor: .provisioning(token: "t1")),
        AuditEvent(.administration, "policy-in-force", .success, at: -1, actor: .server),
        AuditEvent(
            .signIn, "code-entered", .refused, at: 1, actor: .person(id: nil, label: nil), reason: "unknown-code"),
    ]

    static func key(_ byte: UInt8) throws -> Ed25519PrivateKey {
        var seed = [UInt8](repeating: byte, count: 32)
        return try Ed25519PrivateKey(taking: &seed)
    }

    static func pseudonyms(_ byte: UInt8 = 9) throws -> Pseudonyms {
        var key = [UInt8](repeating: byte, count: 32)
        return try Pseudonyms(taking: &key)
    }

    static func chain(_ count: Int) -> [AuditRecord] {
        var chain = AuditChain()
        return (0..<count).map { number in
            var event = all[number % all.count]
            event.time = number
            return chain.append(event)
        }
    }
}
