internal import Cryptography

/// Puts the same made-up name for the same person, device, host or address everywhere: HMAC-SHA-256 by a key that only
/// this server has.
///
/// Whoever has the key can ask for somebody's records (`--user`, `--host`), and nobody can read a name back out of one.
package final class Pseudonyms: Sendable {
    enum Kind: String { case person, device, host, address, session, node }

    private let key: SecretBytes

    /// Takes the 32-byte key out of `source` and wipes it. Errors: `invalidKey`.
    package init(taking source: inout [UInt8]) throws(AuditError) {
        guard source.count == 32, let key = try? SecretBytes(taking: &source) else { throw .invalidKey }
        self.key = key
    }

    /// For ids, names and e-mail addresses alike; what differs in case only is the same.
    package func person(_ text: String) -> String { name(text.lowercased(), .person) }
    package func host(_ text: String) -> String { name(text.lowercased(), .host) }
    package func address(_ text: String) -> String { name(text, .address) }

    /// 120 bits: enough that no two of an organisation's meet.
    func name(_ text: String, _ kind: Kind) -> String {
        let input = Array("\(kind.rawValue)\u{0}\(text)".utf8)
        return "\(kind.rawValue)-" + Base64URL.encode(key.withBytes { Digest.hmacSHA256(input, key: $0) }.prefix(15))
    }

    /// The event without what names a person: ids, names, e-mail addresses, devices, hosts and addresses.
    package func hide(_ event: AuditEvent) -> AuditEvent {
        var hidden = Hiding(names: self)
        var result = event
        if case .person(let id, let label)? = event.actor {
            result.actor = .person(id: hidden.text(id, .person), label: hidden.text(label, .person))
        }
        if let subject = event.subject, let kind = Self.kind(of: subject.kind) {
            result.subject = AuditSubject(
                subject.kind, id: hidden.text(subject.id, kind),
                label: hidden.text(subject.label, kind == .node ? .host : .person))
        }
        result.session = hidden.text(event.session, .session)
        result.device = hidden.text(event.device, .device)
        result.host = hidden.text(event.host, .host)
        result.address = hidden.text(event.address, .address)
        result.source = hidden.end(event.source)
        result.destination = hidden.end(event.destination)
        result.reason = event.reason.map { hidden.words($0) }
        return result
    }

    private static func kind(of subject: AuditSubject.Kind) -> Kind? {
        switch subject {
        case .person, .grant: .person
        case .session: .session
        case .node: .node
        case .group, .policy, .provider, .token, .hold, .request, .audit: nil
        }
    }
}

/// Remembers what it has hidden, so that words that repeat a name lose it too.
private struct Hiding {
    let names: Pseudonyms
    private var seen: [String: String] = [:]

    init(names: Pseudonyms) { self.names = names }

    mutating func text(_ text: String?, _ kind: Pseudonyms.Kind) -> String? {
        guard let text else { return nil }
        let folded = kind == .person || kind == .host ? text.lowercased() : text
        let hidden = names.name(folded, kind)
        if !text.isEmpty { seen[text] = hidden }
        return hidden
    }

    mutating func end(_ end: AuditEnd?) -> AuditEnd? {
        guard let end else { return nil }
        return AuditEnd(
            person: text(end.person, .person), label: text(end.label, .person), node: text(end.node, .node),
            device: text(end.device, .device), host: text(end.host, .host), address: text(end.address, .address))
    }

    /// Cut first: what is not kept needs no hiding.
    func words(_ text: String) -> String { HiddenWords(names, known: seen).hidden(in: AuditText.cut(text)) }
}
